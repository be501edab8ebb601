"""The settings of Digit Lab on this machine: environment variables, each stated once."""

import os
from functools import lru_cache

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.config.validation import explain

_PREFIX = "DIGITLAB_"


class SettingsError(ValueError):
    """An environment variable has a value that is not accepted; the message says which."""


class Settings(BaseSettings):
    """The field `runs` is the variable `DIGITLAB_RUNS`, and so on. An empty variable is not set."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, use_attribute_docstrings=True
    )

    runs: str = "runs"
    """The folder of runs."""
    drawings: str = "drawings"
    """The folder of kept drawings."""
    lessons: str = ""
    """A folder of lessons of one's own, beside those of the course."""
    example: bool = True
    """Whether a server that finds no run trains one as an example, once."""
    studies: str = Field("", repr=False)
    """The PostgreSQL URL under which the studies of new sweeps are kept, instead of in SQLite."""
    scheduler: str = Field("", validation_alias="DASK_SCHEDULER_ADDRESS")
    """The Dask scheduler whose workers train, instead of workers started here."""
    workers: int = Field(1, ge=1)
    """How many workers are started here: as many runs train at once."""
    niceness: int = Field(10, ge=0, le=19)
    """How far a worker started here gives way to other processes: pages answer first."""
    most_waiting: int = Field(10, ge=1)
    """How many runs one person may have in the queue."""
    silent_seconds: float = Field(10, gt=0)
    """After how many seconds without a sign of life a page says that a run has none."""
    class_password: str = Field("", repr=False)
    """The password that lets a student in."""
    teacher_password: str = Field("", repr=False)
    """The password that lets a teacher in."""
    teachers: str = ""
    """The teachers' e-mail addresses, where a provider logs people in; with commas in between."""


ENVIRONMENT_VARIABLES = {
    name: str(field.validation_alias or f"{_PREFIX}{name.upper()}")
    for name, field in Settings.model_fields.items()
}
"""The environment variable of each field."""


def settings() -> Settings:
    """The settings as the environment has them now. Raises SettingsError."""
    return _read_settings(tuple(map(os.environ.get, ENVIRONMENT_VARIABLES.values())))


@lru_cache(maxsize=1)
def _read_settings(_environment: tuple[str | None, ...]) -> Settings:
    """Cached until the environment changes: every request asks, and reading takes 0.3 ms."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = explain(error).items()
    sentences = [
        f"correct or unset {ENVIRONMENT_VARIABLES[name]}: {sentence}" for name, sentence in wrong
    ]
    raise SettingsError("; ".join(sentences)) from None
