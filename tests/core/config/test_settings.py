"""The settings: what the environment says, and what is said of a variable that is wrong."""

import re
from pathlib import Path

import pytest

from core.__main__ import main
from core.config.settings import ENVIRONMENT_VARIABLES, Settings, SettingsError, settings

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ENVIRONMENT_VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


def test_settings_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().runs == "runs"
    monkeypatch.setenv("DIGITLAB_RUNS", "/mnt/runs")
    monkeypatch.setenv("DIGITLAB_WORKERS", "4")
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://10.0.0.5:8786")
    now = settings()
    assert (now.runs, now.workers, now.scheduler) == ("/mnt/runs", 4, "tcp://10.0.0.5:8786")
    monkeypatch.delenv("DIGITLAB_WORKERS")
    assert settings().workers == 1


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ENVIRONMENT_VARIABLES.values():
        monkeypatch.setenv(variable, "")
    assert settings() == Settings.model_construct()


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DIGITLAB_NICENESS", "twenty", "'twenty' is not a valid integer"),
        ("DIGITLAB_NICENESS", "20", "'20' is not less than or equal to 19"),
        ("DIGITLAB_WORKERS", "0", "'0' is not greater than or equal to 1"),
        ("DIGITLAB_MOST_WAITING", "1.5", "'1.5' is not a valid integer"),
        ("DIGITLAB_SILENT_SECONDS", "nan", "'nan' is not greater than 0"),
    ],
)
def test_a_wrong_variable_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    sentence: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        settings()
    assert str(refused.value) == f"correct or unset {variable}: {sentence}"
    with pytest.raises(SystemExit):
        main(["train", "--preset", "quick"])
    assert capsys.readouterr().err == f"python -m core: {refused.value}\n"


def test_passwords_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DIGITLAB_CLASS_PASSWORD", "DIGITLAB_TEACHER_PASSWORD", "DIGITLAB_STUDIES"):
        monkeypatch.setenv(variable, "sesame")
    assert "sesame" not in repr(settings())


def test_readme_names_every_variable_with_its_default_and_no_other() -> None:
    named = re.findall(r"^\| `((?:DIGITLAB|DASK)_\w+)` \| (?:`(.+?)`)? *\|", README, re.MULTILINE)
    fields = Settings.model_fields
    assert dict(named) == {
        variable: str(fields[name].default) for name, variable in ENVIRONMENT_VARIABLES.items()
    }
