"""How far each person is in the course: predictions, and which steps were done.

`runs/course/<digest of the name>.json`, beside the runs, so that all servers of one folder share
it. The only code that knows these files' names.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict

from core.runs.document_folder import DocumentFolder, os_reason

_FOLDER = "course"


class ProgressError(RuntimeError):
    """Somebody's progress cannot be read or written; the message is a sentence."""


class StepName(StrEnum):
    """The four steps of a lesson, in order."""

    PREDICT = "predict"
    DO = "do"
    SEE = "see"
    EXPLAIN = "explain"


class LessonProgress(BaseModel):
    """How far a person is in one lesson."""

    model_config = ConfigDict(frozen=True)

    prediction: str | None = None
    """The text of the answer that was chosen."""
    predicted: AwareDatetime | None = None
    """When."""
    done: frozenset[StepName] = frozenset()

    @property
    def step(self) -> StepName | None:
        """The first step that is not done; None if all are."""
        return next((step for step in StepName if step not in self.done), None)


class Progress(BaseModel):
    """What a person's file says."""

    model_config = ConfigDict(frozen=True)

    owner: str
    current: str | None = None
    """The id of the lesson that was taken up last, unless it was left."""
    lessons: dict[str, LessonProgress] = {}

    @property
    def carried(self) -> str | None:
        """The id of the lesson that the bar carries over the pages: not of one that is done."""
        return self.current if self.current and self.of(self.current).step else None

    def of(self, lesson: str) -> LessonProgress:
        """How far the person is in the lesson of this id."""
        return self.lessons.get(lesson, LessonProgress())

    def take_up(self, lesson: str | None) -> "Progress":
        """Have the bar carry this lesson; None: no lesson."""
        return self.model_copy(update={"current": lesson})

    def predict(self, lesson: str, answer: str) -> "Progress":
        """Keep the prediction; the first one counts."""
        before = self.of(lesson)
        if before.prediction is not None:
            return self
        done = before.done | {StepName.PREDICT}
        return self._with(
            lesson, LessonProgress(prediction=answer, predicted=datetime.now(UTC), done=done)
        )

    def finish(self, lesson: str, step: StepName) -> "Progress":
        """Keep that the step was done, which it stays."""
        before = self.of(lesson)
        return self._with(lesson, before.model_copy(update={"done": before.done | {step}}))

    def begin_again(self, lesson: str) -> "Progress":
        """Forget how far the person was in the lesson."""
        others = {name: value for name, value in self.lessons.items() if name != lesson}
        return self.model_copy(update={"lessons": others})

    def _with(self, lesson: str, progress: LessonProgress) -> "Progress":
        return self.model_copy(update={"lessons": self.lessons | {lesson: progress}})


class _ProgressFiles(DocumentFolder):
    kind = "folder"
    damaged_error = ProgressError
    not_found_error = ProgressError
    not_writable_error = ProgressError


class ProgressStore:
    """The progress of everybody whose runs are in one folder."""

    def __init__(self, runs: Path) -> None:
        self._files = _ProgressFiles(runs)

    def read(self, owner: str) -> Progress:
        """How far the person is. Raises ProgressError if the file cannot be read."""
        name = _file_name(owner)
        try:
            (self._files.path / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return Progress(owner=owner)
        except OSError as error:
            raise ProgressError(f"progress cannot be read: {os_reason(error)}") from error
        try:
            return self._files.read(name, Progress)
        except ProgressError as error:
            raise ProgressError(f"{error}; delete the file to begin the course anew") from error

    def change(self, owner: str, change: Callable[[Progress], Progress]) -> None:
        """Change the person's progress, whoever else does at the same time.

        Raises ProgressError.
        """
        folder = self._files.path / _FOLDER
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProgressError(f"{folder} cannot be written: {os_reason(error)}") from error
        with self._files.locked_change():
            before = self.read(owner)
            if (after := change(before)) != before:
                self._files.write(_file_name(owner), after)


def _file_name(owner: str) -> str:
    return f"{_FOLDER}/{hashlib.sha256(owner.encode()).hexdigest()[:16]}.json"
