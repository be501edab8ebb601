"""Predictions and steps, kept for each person, whoever writes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.course.progress import LessonProgress, Progress, ProgressError, ProgressStore, StepName


@pytest.fixture
def progress(tmp_path: Path) -> ProgressStore:
    return ProgressStore(tmp_path / "runs")


def test_whoever_has_not_begun_has_no_file(progress: ProgressStore, tmp_path: Path) -> None:
    assert progress.read("ada") == Progress(owner="ada")
    assert progress.read("ada").of("02").step is StepName.PREDICT
    assert not (tmp_path / "runs").exists()


def test_a_lesson_goes_step_by_step_and_is_kept(progress: ProgressStore) -> None:
    before = datetime.now(UTC)
    progress.change("ada", lambda own: own.predict("02", "five").take_up("02"))
    kept = progress.read("ada")
    assert kept.current == "02"
    assert kept.of("02").prediction == "five"
    predicted = kept.of("02").predicted
    assert predicted is not None
    assert before <= predicted <= datetime.now(UTC)
    for step, following in [("do", "see"), ("see", "explain"), ("explain", None)]:
        progress.change("ada", lambda own, step=step: own.finish("02", StepName(step)))
        now = progress.read("ada")
        assert now.of("02").step == following
        assert now.carried == ("02" if following else None)
    assert progress.read("ada").of("01") == LessonProgress()


def test_the_first_prediction_counts(progress: ProgressStore) -> None:
    for answer in ("five", "two"):
        progress.change("ada", lambda own, answer=answer: own.predict("02", answer))
    assert progress.read("ada").of("02").prediction == "five"


def test_it_can_be_left_and_begun_again(progress: ProgressStore) -> None:
    progress.change("ada", lambda own: own.predict("02", "five").predict("03", "x").take_up("02"))
    progress.change("ada", lambda own: own.take_up(None))
    assert progress.read("ada").current is None
    assert progress.read("ada").of("02").prediction == "five"
    progress.change("ada", lambda own: own.begin_again("02"))
    assert progress.read("ada").of("02") == LessonProgress()
    assert progress.read("ada").of("03").prediction == "x"


def test_everybody_has_their_own(progress: ProgressStore, tmp_path: Path) -> None:
    for owner in ("ada", "../bob", "Ç/é", "a" * 300):
        progress.change(owner, lambda own: own.predict("02", own.owner[:9]))
    assert progress.read("../bob").of("02").prediction == "../bob"
    assert progress.read("ada").of("02").prediction == "ada"
    assert len(list((tmp_path / "runs" / "course").glob("*.json"))) == 4


def test_what_several_write_at_once_is_all_kept(progress: ProgressStore) -> None:
    lessons = [f"{number:02}" for number in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda name: progress.change("ada", lambda own: own.predict(name, "x")), lessons
            )
        )
    assert sorted(progress.read("ada").lessons) == lessons


def test_a_damaged_file_is_said_and_left_as_it_is(progress: ProgressStore, tmp_path: Path) -> None:
    progress.change("ada", lambda own: own.predict("02", "x"))
    (file,) = (tmp_path / "runs" / "course").glob("*.json")
    file.write_text("{")
    with pytest.raises(ProgressError, match=r"\.json .* cannot be read .*; delete the file"):
        progress.read("ada")
    with pytest.raises(ProgressError):
        progress.change("ada", lambda own: own.predict("03", "x"))
    assert file.read_text() == "{"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(ProgressError, match="cannot be written: "):
        ProgressStore(tmp_path / "runs").change("ada", lambda own: own.take_up("02"))
