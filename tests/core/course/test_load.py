"""The twelve lessons as a newcomer reads them, and a folder of a teacher's own."""

import re
import shutil
from pathlib import Path

import pytest

from core.__main__ import main
from core.course.lesson import PAGES, Check, Lesson
from core.course.load import OWN_FOLDER, LessonError, load_course, load_lesson
from core.course.measures import MEASURES
from dashboard.menu import PAGES as MENU

LESSONS = load_course().lessons
TOPICS = {
    1: "digit",
    2: "first network",
    3: "curves",
    4: "98 %",
    5: "worst errors",
    6: "sure",
    7: "dropout",
    8: "L2",
    9: "learning rate",
    10: "better",
    11: "t-SNE",
    12: "hand",
}


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]


def test_there_are_twelve_in_the_order_of_the_exercise() -> None:
    assert [name[:2] for name in LESSONS] == [f"{number:02}" for number in TOPICS]
    titles = [lesson.title.lower() for lesson in LESSONS.values()]
    assert all(topic.lower() in title for topic, title in zip(TOPICS.values(), titles, strict=True))
    assert load_course().problems == []


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_it_is_said_in_short_sentences_of_plain_text(lesson: Lesson) -> None:
    long = [one for text in lesson.texts for one in sentences(text) if len(one.split()) > 25]
    assert long == []
    assert not any("<" in text for text in lesson.texts)
    assert len(sentences(lesson.explain.text)) <= 3
    assert all(len(sentences(answer.reply)) == 1 for answer in lesson.predict.answers)


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_it_asks_for_one_of_three_or_four_answers(lesson: Lesson) -> None:
    assert len(lesson.predict.answers) in {3, 4}
    assert lesson.predict.question.endswith("?")


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_its_numbers_were_measured_over_five_seeds(lesson: Lesson) -> None:
    assert re.search(r"[Ff]ive seeds|Nothing is stated", lesson.measured)


def test_a_lesson_may_lead_to_every_page_that_is_always_there() -> None:
    assert {*PAGES} == MENU.keys() - {"classroom"}


def test_a_folder_of_ones_own_adds_lessons_and_replaces_others(tmp_path: Path) -> None:
    first = OWN_FOLDER / "01-digits-as-numbers.toml"
    shutil.copy(first, tmp_path / "13-ours.toml")
    ours = first.read_text("utf-8").replace("What a digit is to a network", "Ours")
    (tmp_path / "02-first-network.toml").write_text(ours, "utf-8")
    lessons = load_course(tmp_path).lessons
    assert [*lessons] == [*LESSONS, "13-ours"]
    assert lessons["02-first-network"].title == "Ours"
    assert lessons["13-ours"].id == "13-ours"


def test_a_setting_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(OWN_FOLDER / "01-digits-as-numbers.toml", tmp_path / "13-ours.toml")
    monkeypatch.setenv("DIGITLAB_LESSONS", str(tmp_path))
    assert "13-ours" in load_course().lessons


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "13-ours.toml"
    shutil.copy(OWN_FOLDER / "01-digits-as-numbers.toml", file)
    assert load_course(tmp_path).lessons["13-ours"].title == "What a digit is to a network"
    file.write_text(file.read_text("utf-8").replace("What a digit is", "What it is"), "utf-8")
    assert load_course(tmp_path).lessons["13-ours"].title == "What it is to a network"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[explain.further]", "[explain.later]"), "explain.further: is missing"),
        (("check = ", "cheque = "), "do.check: is missing; do.cheque: is not known"),
        (("right = true, ", ""), "predict: mark one answer as `right = true`"),
        (('text = "About 1,000,', 'word = "About 1,000,'), "predict.answers.4.text: is missing"),
        (("title = ", "title : "), "cannot be read: Expected '=' after a key"),
    ],
)
def test_a_wrong_file_is_left_out_and_it_is_said_where(
    tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    file = tmp_path / "13-ours.toml"
    text = (OWN_FOLDER / "01-digits-as-numbers.toml").read_text("utf-8")
    file.write_text(text.replace(*change), "utf-8")
    course = load_course(tmp_path)
    assert [*course.lessons] == [*LESSONS]
    assert len(course.problems) == 1
    assert course.problems[0].startswith("13-ours.toml")
    assert sentence in course.problems[0]
    with pytest.raises(LessonError):
        load_lesson(file)


def test_the_example_in_the_readme_is_a_lesson_and_names_all_there_is(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    section = readme.split("### A lesson of one's own")[1].split("\n## ")[0]
    (example,) = re.findall(r"```toml\n(.+?)```", section, re.DOTALL)
    (tmp_path / "13-ours.toml").write_text(example, "utf-8")
    course = load_course(tmp_path)
    assert course.problems == []
    assert course.lessons["13-ours"].runs[0].config.training_images == 4_200
    assert {name for name in [*MEASURES, *Check] if f"`{name}`" not in section} == set()


def test_the_command_line_checks_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lessons", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "02-first-network: The first network"
    assert len(lines) == 12
    (tmp_path / "13-ours.toml").write_text("", "utf-8-sig")  # as Windows' Notepad begins a file
    assert main(["lessons", str(tmp_path)]) == 1
    assert "wrong: 13-ours.toml: title: is missing; sentence" in capsys.readouterr().out
    assert main(["lessons", str(tmp_path / "nowhere")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13
    assert "there is no folder" in lines[-1]
