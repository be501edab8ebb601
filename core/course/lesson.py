"""A lesson as its file states it: texts as Markdown, the question, the runs, links and checks.

`load.py` reads the files, `checks.py` says what was done, `measures.py` fills in numbers.
"""

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from itertools import combinations
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.config import PRESETS, RunConfig, field_text, hyperparameter, parse_config
from core.course.measures import LETTERS, MEASURES, Measure

PAGES = (
    "train",
    "draw",
    "learn",
    "data",
    "curves",
    "evaluate",
    "layers",
    "features",
    "runs",
    "compare",
    "sweep",
)
"""The pages that a lesson may lead to, by the ends of their addresses."""

_PLACEHOLDER = re.compile(r"\{(?:([a-z])\.)?(\w+)\}")


class Check(StrEnum):
    """What shows that a step was done: see `checks.py`."""

    RUNS_ENDED = "runs_ended"
    """The lesson's runs have finished."""
    PAGE_OPENED = "page_opened"
    """The page was opened at the step's address."""
    CHOICES_MADE = "choices_made"
    """On the page, and on the runs that the address names, each of the `choices` was chosen."""
    DRAWINGS_KEPT = "drawings_kept"
    """Since the prediction, `count` drawings were kept."""
    MAPS_MADE = "maps_made"
    """Of the first run, `count` t-SNE maps of the same images were made, at two perplexities."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WantedRun(_Part):
    """A run that the lesson needs: one of the person's own that has finished."""

    name: str
    """What the lesson calls it, and the run is called when a press trains it."""
    preset: str = "notebook-baseline"
    """The preset that it starts from."""
    settings: dict[str, Any] = {}
    """Hyperparameters that differ from the preset, by the names of the command line."""

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        if self.preset not in PRESETS:
            known = ", ".join(PRESETS)
            raise ValueError(f"there is no preset {self.preset!r}; choose from {known}")
        _, wrong = parse_config(self.settings)
        for name, sentence in wrong.items():
            raise ValueError(f"{name}: {sentence}")
        return self

    @cached_property
    def config(self) -> RunConfig:
        """Its hyperparameters; any seed will do unless `settings` has one."""
        preset = PRESETS[self.preset].model_dump()
        return RunConfig.model_validate(preset | self.settings)

    def fits(self, config: RunConfig) -> bool:
        """Whether a run of this configuration is such a run: quick, for lists of many runs."""
        wanted, names_seed = self.config.__dict__, "seed" in self.settings
        return all(value == wanted[name] for name, value in config if name != "seed" or names_seed)

    def differences(self, config: RunConfig) -> list[str]:
        """In what a configuration is another than this run's: "Dropout 0.3 instead of 0.5"."""
        wanted, found = dict(self.config), dict(config)
        names = [name for name in wanted if name != "seed" or "seed" in self.settings]
        return [
            f"{hyperparameter(name).title} {field_text(found[name]) or 'none'} instead of "
            f"{field_text(wanted[name]) or 'none'}"
            for name in names
            if found[name] != wanted[name]
        ]


class Answer(_Part):
    """One answer to the question; the wrong ones are what people believe."""

    text: str
    reply: str
    """What Explain says to whoever chose it: of a measured answer only where it was wrong."""
    right: bool = False
    """Whether it is right, whatever the runs come to; else by the measure, as follows."""
    least: float | None = None
    most: float | None = None
    equals: str | None = None
    otherwise: bool = False
    """Whether it is right where no other answer is."""

    @property
    def is_measured(self) -> bool:
        """Whether the measure decides whether it is right."""
        return self.otherwise or (self.least, self.most, self.equals) != (None, None, None)

    def fits(self, value: float | str) -> bool:
        """Whether the measure's `value` is what this answer says."""
        if self.otherwise:
            return False
        if isinstance(value, str):
            return self.equals in value.split("; ")
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        return low <= value <= high


class Predict(_Part):
    """The question, asked before anything is shown."""

    text: str
    question: str
    answers: tuple[Answer, ...] = Field(min_length=2, max_length=5)
    measure: str = ""
    """The measure that decides which answer is right, such as "a.test_accuracy"."""

    @model_validator(mode="after")
    def _check_answers(self) -> Self:
        if len({answer.text for answer in self.answers}) < len(self.answers):
            raise ValueError("two answers have the same text")
        right = [answer for answer in self.answers if answer.right]
        measured = [answer for answer in self.answers if answer.is_measured]
        if not self.measure:
            if len(right) != 1 or measured:
                raise ValueError(
                    "mark one answer as `right = true`, or name a `measure` that decides"
                )
            return self
        kind = _find_measure(self.measure)
        ways = ("equals",) if kind.is_text else ("least", "most")
        others = {"least", "most", "equals"} - {*ways}
        wrong = any(getattr(answer, name) is not None for answer in measured for name in others)
        if right or wrong or len(measured) < len(self.answers):
            names = " or ".join(f"`{name}`" for name in (*ways, "otherwise"))
            raise ValueError(f"give each answer {names}: the measure {self.measure} decides")
        return self

    def right_answer(self, value: float | str | None, said: str | None = None) -> Answer | None:
        """The answer that is right where the measure is `value`; None if none is.

        Of several the one whose text is `said`, else the first.
        """
        for answer in sorted(self.answers, key=lambda answer: answer.text != said):
            if answer.right or (value is not None and answer.fits(value)):
                return answer
        return next((answer for answer in self.answers if answer.otherwise), None)


class Link(_Part):
    """A page at the right place; `{a}` in the address is the id of the lesson's first run."""

    page: str = ""
    address: dict[str, str] = {}
    """An empty value: nothing of this name, such as no chosen epoch."""

    @field_validator("page")
    @classmethod
    def _check_page(cls, page: str) -> str:
        if page and page not in PAGES:
            raise ValueError(f"there is no page {page!r}; choose from {', '.join(PAGES)}")
        return page


class Step(Link):
    """Something to do or to see, and what shows that it was done."""

    text: str
    check: Check
    choices: tuple[str, ...] = ()
    """Of the check `choices_made`: what must be chosen there, by the names in the address."""
    count: int = Field(0, ge=0)
    """Of `drawings_kept` and `maps_made`: how many."""

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        needs = {
            Check.PAGE_OPENED: ("page",),
            Check.CHOICES_MADE: ("page", "choices"),
            Check.DRAWINGS_KEPT: ("count",),
            Check.MAPS_MADE: ("count",),
        }
        for name in needs.get(self.check, ()):
            if not getattr(self, name):
                raise ValueError(f"the check {self.check} needs `{name}`")
        if self.check is Check.MAPS_MADE and self.count < 2:
            raise ValueError(f"the check {self.check} needs a `count` of at least 2")
        return self


class Further(Link):
    """One thing to try after the lesson."""

    text: str


class Explain(_Part):
    """What happened in the person's own runs."""

    text: str
    """With placeholders such as `{a.test_accuracy}`."""
    further: Further


class Lesson(_Part):
    """One lesson of five minutes."""

    id: str = Field("", exclude=True)
    """The name of its file."""
    title: str = Field(max_length=60)
    sentence: str
    """What it is about."""
    measured: str
    """On what the numbers that it states beforehand were measured."""
    runs: tuple[WantedRun, ...] = Field((), max_length=len(LETTERS))
    """What it is about, called a, b … in texts and addresses; some are of earlier lessons."""
    predict: Predict
    do: Step
    see: Step
    explain: Explain

    @field_validator("title", "sentence")
    @classmethod
    def _check_line(cls, text: str) -> str:
        if "\n" in text.strip():
            raise ValueError("expected one line")
        return text

    @model_validator(mode="after")
    def _check_runs(self) -> Self:
        checks = {self.do.check, self.see.check} & {Check.RUNS_ENDED, Check.MAPS_MADE}
        if checks and not self.runs:
            raise ValueError(f"the check {min(checks)} needs `runs`")
        if any(a.fits(b.config) or b.fits(a.config) for a, b in combinations(self.runs, 2)):
            raise ValueError("two of the `runs` may be the same one; give each a `seed`")
        return self

    @model_validator(mode="after")
    def _check_placeholders(self) -> Self:
        letters = LETTERS[: len(self.runs)]
        links = (self.do, self.see, self.explain.further)
        for name in (name for link in links for name in placeholders(*link.address.values())):
            if name not in letters:
                raise ValueError(f"{{{name}}} in an address is none of the lesson's runs")
        plain = [self.predict.text, self.predict.question, *(link.text for link in links)]
        plain += [answer.text for answer in self.predict.answers]
        for name in placeholders(*plain):
            raise ValueError(f"{{{name}}} can only stand in `explain.text` and a `reply`")
        for name in self.measures:
            letter, needed = name.rpartition(".")[0], _find_measure(name).runs
            if letter and letter not in letters:
                count = len(letters)
                raise ValueError(f"{{{name}}}: the lesson has {count} runs, none called {letter}")
            if needed > len(letters):
                raise ValueError(f"{{{name}}} needs {needed} `runs`")
            check = _MEASURED_AFTER.get(name)
            if check and check not in {self.do.check, self.see.check}:
                raise ValueError(f"{{{name}}} needs the check {check}")
        return self

    @property
    def measures(self) -> set[str]:
        """Every number that Explain says or judges by, such as "a.errors"."""
        replies = (answer.reply for answer in self.predict.answers)
        return {*placeholders(self.explain.text, *replies), self.predict.measure} - {""}

    @property
    def drawings(self) -> int:
        """How many drawings it asks for."""
        asks = [step.count for step in (self.do, self.see) if step.check is Check.DRAWINGS_KEPT]
        return max(asks, default=0)

    @property
    def texts(self) -> list[str]:
        """All that a person reads of it."""
        replies = [part for answer in self.predict.answers for part in (answer.text, answer.reply)]
        parts = [self.title, self.sentence, self.predict.text, self.predict.question, *replies]
        parts += [run.name for run in self.runs]
        return [*parts, self.do.text, self.see.text, self.explain.text, self.explain.further.text]


_MEASURED_AFTER = {
    "drawings": Check.DRAWINGS_KEPT,
    "drawings_right": Check.DRAWINGS_KEPT,
    "island_correlation": Check.MAPS_MADE,
    "neighbours_kept": Check.MAPS_MADE,
}
"""What must have been done for a measure of the lesson."""


def placeholders(*texts: str) -> list[str]:
    """What stands in braces: "a.test_accuracy", or "a" in an address."""
    return [match[0][1:-1] for text in texts for match in _PLACEHOLDER.finditer(text)]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced; one that has no value is left as it is."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[0][1:-1], match[0]), text)


def _find_measure(name: str) -> Measure:
    """The measure that a text calls `name`. Raises ValueError."""
    letter, _, plain = name.rpartition(".")
    found = MEASURES.get(plain)
    if found is None:
        raise ValueError(f"there is no measure {plain!r}; choose from {', '.join(MEASURES)}")
    if found.of_run != bool(letter):
        raise ValueError(f"{{{name}}} must be {{{f'a.{plain}' if found.of_run else plain}}}")
    return found
