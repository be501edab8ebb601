"""All lessons, in order: the twelve of the course, and those in a folder of a teacher's own."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from core.config.settings import settings
from core.course.lesson import Lesson

OWN_FOLDER = Path(__file__).parent / "lessons"


class LessonError(ValueError):
    """A lesson's file is wrong; the message is a sentence that says where."""


class Course(NamedTuple):
    """The lessons that can be taken, and what is wrong with those that cannot."""

    lessons: dict[str, Lesson]
    """By their ids, in order."""
    problems: list[str]
    """A sentence for each file that is left out."""


def load_course(folder: str | Path | None = None) -> Course:
    """The course's lessons, then those of `folder`, by default the setting's, by file names.

    A file of the same name as one of the course's takes its place.
    """
    own = str(folder or settings().lessons)
    lessons, problems = {}, []
    files = {file.stem: file for file in _files(OWN_FOLDER)}
    if own and not Path(own).is_dir():
        problems.append(f"there is no folder {own!r}")
    elif own:
        files |= {file.stem: file for file in _files(Path(own))}
    for name, file in files.items():
        try:
            lessons[name] = _read(file, file.stat().st_mtime_ns)
        except (LessonError, OSError) as error:
            problems.append(str(error))
    return Course(lessons, problems)


def load_lesson(file: Path) -> Lesson:
    """The lesson in a file. Raises LessonError."""
    try:
        values = tomllib.loads(file.read_text("utf-8-sig"))
        return Lesson.model_validate(values).model_copy(update={"id": file.stem})
    except ValidationError as error:
        raise LessonError(f"{file.name}: {_explain(error)}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LessonError(f"{file.name} cannot be read: {error}") from None


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


@lru_cache(maxsize=256)
def _read(file: Path, version: int) -> Lesson:
    return load_lesson(file)


def _explain(error: ValidationError) -> str:
    """All that is wrong, each with where in the file it stands."""
    sentences = []
    for detail in error.errors():
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in detail["loc"])
        if detail["type"] == "missing":
            words = "is missing"
        elif detail["type"] == "extra_forbidden":
            words = "is not known"
        elif detail["type"] == "value_error":
            words = str(detail["ctx"]["error"])
        else:
            words = detail["msg"][0].lower() + detail["msg"][1:]
        sentences.append(f"{where}: {words}" if where else words)
    return "; ".join(sentences)
