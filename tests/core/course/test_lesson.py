"""What a lesson's file may say, and in which words it is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from core.config import RunConfig
from core.course.lesson import Answer, Lesson, Predict, WantedRun, fill, placeholders


def lesson(**changes: Any) -> dict[str, Any]:
    """The values of a lesson's file."""
    right = {"text": "yes", "reply": "So it is.", "right": True}
    return {
        "title": "A lesson",
        "sentence": "About something.",
        "measured": "Nothing is stated.",
        "runs": [{"name": "a run", "settings": {"epochs": 2}}],
        "predict": {
            "text": "Something.",
            "question": "Is it so?",
            "answers": [right, {"text": "no", "reply": "It is not."}],
        },
        "do": {"text": "Train it.", "check": "runs_ended"},
        "see": {"text": "Look.", "page": "curves", "check": "page_opened"},
        "explain": {"text": "It got {a.test_accuracy}.", "further": {"text": "More."}},
    } | changes


def test_a_whole_lesson_is_read() -> None:
    found = Lesson.model_validate(lesson())
    assert found.runs[0].config == RunConfig(epochs=2)
    assert found.predict.right_answer(None) == found.predict.answers[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": "x" * 61}, "at most 60 characters"),
        ({"title": "two\nlines"}, "expected one line"),
        (
            {"runs": [{"name": "x", "preset": "fast"}]},
            "there is no preset 'fast'; choose from quick",
        ),
        ({"runs": [{"name": "x", "settings": {"rate": 1}}]}, "there is no hyperparameter of this"),
        ({"runs": [{"name": "x", "settings": {"dropout": 2}}]}, "dropout: 2 is out of range"),
        ({"runs": []}, "the check runs_ended needs `runs`"),
        ({"runs": [{"name": "x"}, {"name": "y"}]}, "two of the `runs` may be the same one"),
        (
            {"runs": [{"name": "x"}, {"name": "y", "settings": {"seed": 1}}]},
            "two of the `runs` may be the same one",
        ),
        ({"do": {"text": "x", "check": "maps_made", "count": 1}}, "a `count` of at least 2"),
        (
            {"explain": {"text": "{island_correlation}", "further": {"text": "x"}}},
            "{island_correlation} needs the check maps_made",
        ),
        ({"do": {"text": "{a.errors}", "check": "runs_ended"}}, "{a.errors} can only stand in"),
        (
            {"do": {"text": "x", "check": "runs_ended", "page": "evaluat"}},
            "no page 'evaluat'; choose",
        ),
        ({"do": {"text": "x", "check": "page_opened"}}, "the check page_opened needs `page`"),
        (
            {"do": {"text": "x", "check": "choices_made", "page": "data"}},
            "the check choices_made needs `choices`",
        ),
        (
            {"explain": {"text": "{seed_range}", "further": {"text": "x"}}},
            "{seed_range} needs 2 `runs`",
        ),
        (
            {"explain": {"text": "{drawings_right}", "further": {"text": "x"}}},
            "{drawings_right} needs the check drawings_kept",
        ),
        ({"do": {"text": "x", "check": "drawings_kept"}}, "drawings_kept needs `count`"),
        ({"do": {"text": "x", "check": "thought_about"}}, "Input should be 'runs_ended'"),
        (
            {"see": {"text": "x", "page": "data", "check": "page_opened", "address": {"r": "{b}"}}},
            "{b} in an address is none of the lesson's runs",
        ),
        (
            {"explain": {"text": "{a.speed}", "further": {"text": "x"}}},
            "there is no measure 'speed'; choose from parameters",
        ),
        (
            {"explain": {"text": "{b.errors}", "further": {"text": "x"}}},
            "{b.errors}: the lesson has 1 runs, none called b",
        ),
        (
            {"explain": {"text": "{errors}", "further": {"text": "x"}}},
            "{errors} must be {a.errors}",
        ),
        (
            {"explain": {"text": "{a.drawings}", "further": {"text": "x"}}},
            "{a.drawings} must be {drawings}",
        ),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Lesson.model_validate(lesson(**changes))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("measure", "answers", "sentence"),
    [
        ("", [{}, {}], "mark one answer as `right = true`"),
        ("", [{"right": True}, {"right": True}], "mark one answer as `right = true`"),
        ("", [{"right": True}, {"least": 1}], "mark one answer as `right = true`"),
        ("a.errors", [{"least": 1}, {}], "give each answer `least` or `most` or `otherwise`: the"),
        ("a.errors", [{"least": 1}, {"right": True}], "give each answer `least`"),
        ("a.errors", [{"equals": "1"}, {"otherwise": True}], "give each answer `least`"),
        ("a.confused", [{"least": 1}, {"otherwise": True}], "give each answer `equals` or"),
        ("a.speed", [{"least": 1}, {"most": 1}], "there is no measure 'speed'"),
    ],
)
def test_one_answer_is_right(measure: str, answers: list[dict[str, Any]], sentence: str) -> None:
    given = [{"text": str(number), "reply": "x"} | answer for number, answer in enumerate(answers)]
    with pytest.raises(ValidationError) as refused:
        Predict.model_validate({"text": "x", "question": "x", "answers": given, "measure": measure})
    assert sentence in str(refused.value)


def test_two_answers_are_never_the_same() -> None:
    answer = {"text": "same", "reply": "x"}
    with pytest.raises(ValidationError, match="two answers have the same text"):
        Predict.model_validate({"text": "x", "question": "x", "answers": [answer, answer]})


@pytest.mark.parametrize(
    ("value", "right"), [(0, "none"), (1, "some"), (2.5, "some"), (3, "many"), (99, "many")]
)
def test_a_measure_decides_which_answer_is_right(value: float, right: str) -> None:
    answers = (
        Answer(text="none", reply="", most=0.5),
        Answer(text="some", reply="", least=0.5, most=2.5),
        Answer(text="many", reply="", otherwise=True),
    )
    predict = Predict(text="", question="", answers=answers, measure="a.errors")
    found = predict.right_answer(value)
    assert found is not None
    assert found.text == right


def test_a_name_decides_too_and_the_rest_is_otherwise() -> None:
    answers = (
        Answer(text="4 and 9", reply="", equals="4 and 9"),
        Answer(text="1 and 7", reply="", equals="1 and 7"),
        Answer(text="others", reply="", otherwise=True),
    )
    predict = Predict(text="", question="", answers=answers, measure="a.confused")
    found = [predict.right_answer(pair) for pair in ("1 and 7", "0 and 6")]
    assert [answer and answer.text for answer in found] == ["1 and 7", "others"]
    for said, right in ((None, "4 and 9"), ("1 and 7", "1 and 7"), ("others", "4 and 9")):
        tied = predict.right_answer("4 and 9; 1 and 7", said)
        assert tied is not None
        assert tied.text == right
    alone = Predict(text="", question="", answers=answers[:2], measure="a.confused")
    assert alone.right_answer("0 and 6") is None


def test_a_run_is_another_in_what_was_set_otherwise() -> None:
    wanted = WantedRun(name="x", settings={"dropout": 0.5, "hidden": []})
    same = RunConfig(hidden=(), dropout=0.5, seed=9)
    assert (wanted.fits(same), wanted.differences(same)) == (True, [])
    other = RunConfig(dropout=0.3)
    assert not wanted.fits(other)
    assert wanted.differences(other) == [
        "Hidden layers 512-256 instead of none",
        "Dropout 0.3 instead of 0.5",
    ]


def test_a_seed_counts_only_where_the_lesson_names_one() -> None:
    wanted = WantedRun(name="x", preset="quick", settings={"seed": 1})
    assert wanted.fits(wanted.config)
    other = wanted.config.model_copy(update={"seed": 2})
    assert not wanted.fits(other)
    assert wanted.differences(other) == ["Seed 2 instead of 1"]


def test_placeholders_are_found_and_filled() -> None:
    text = "{a.errors} errors, {drawings} drawings, {} and {a b}"
    assert placeholders(text) == ["a.errors", "drawings"]
    assert fill(text, {"a.errors": "12"}) == "12 errors, {drawings} drawings, {} and {a b}"
