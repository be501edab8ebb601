import re
from pathlib import Path

import pytest

from dashboard.charts import plotly_layout
from dashboard.text import (
    PERCENT_FORMAT,
    about,
    decimal,
    duration,
    escape,
    number_of,
    percent,
    percent_range,
    short_number,
)

DASHBOARD = Path(__file__).parents[2] / "dashboard"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.84, "0.8 s"),
        (9.96, "10.0 s"),
        (42.4, "42 s"),
        (95, "1 min 35 s"),
        (120, "2 min"),
        (3720, "1 h 2 min"),
        (7200, "2 h"),
    ],
)
def test_durations_read_naturally(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "about 1 s"),
        (2.3, "about 2 s"),
        (9.8, "about 10 s"),
        (42.4, "about 40 s"),
        (59, "about 1 min"),
        (62, "about 1 min"),
        (195, "about 3 min 20 s"),
        (1_234, "about 21 min"),
        (3_590, "about 1 h"),
        (5_600, "about 1 h 30 min"),
        (90_000, "about 25 h"),
    ],
)
def test_an_estimate_has_no_more_digits_than_it_is_worth(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_of_one_thing_there_is_no_plural() -> None:
    said = [number_of(0, "epoch"), number_of(1, "epoch"), number_of(2000, "image")]
    assert said == ["0 epochs", "1 epoch", "2,000 images"]


def test_shares_and_rates_have_sensible_digits() -> None:
    assert percent(0.98312) == "98.31 %"
    assert short_number(1e-5) == "1e-05"
    assert short_number(0.001) == "0.001"


def test_a_persons_words_are_no_markdown() -> None:
    assert escape("**a** [b](c) :red[d] $x$") == (r"\*\*a\*\* \[b\]\(c\) \:red\[d\] \$x\$")
    assert escape("erster Versuch 1") == "erster Versuch 1"


@pytest.mark.parametrize(
    "words",
    [
        "see http://a.example",
        "HTTPS://a.example",
        "www.a.example",
        "a@b.example",
        "a -> b",
        "a -- b",
        ":material/home:",
        "a :smile:",
    ],
)
def test_words_that_would_become_links_arrows_or_icons_are_cut_invisibly(words: str) -> None:
    shown = escape(words).replace("\\", "")
    assert shown != words
    assert shown.replace("\u2060", "") == words


def test_entities_and_line_breaks_are_words_too() -> None:
    assert escape("&lt; a\n# b") == r"\&lt; a \# b"
    assert escape(ValueError("*a*")) == r"\*a\*"


@pytest.mark.parametrize(
    ("value", "words"),
    [(12.345, "12.35"), (-3, "-3.00"), (999_999.4, "999999.40"), (1.2345e12, "1.23e+12")],
)
def test_a_number_to_two_decimals_unless_it_is_huge(value: float, words: str) -> None:
    assert decimal(value) == words


def test_percentages_are_written_alike_here_and_by_the_browser() -> None:
    assert percent_range(0.97502, 0.98312) == "97.50 to 98.31 %"
    assert percent(0.98312) == PERCENT_FORMAT % 98.312
    assert plotly_layout.percent("y") == "%{y:.2f} %"


def test_nobody_else_formats_a_percentage() -> None:
    """As 97.98%, 98.0 % or 0.98: an f-string's or Plotly's `.1%`, or a number's `.1f %`."""
    files = [file for file in DASHBOARD.rglob("*.py") if file.name != "text.py"]
    files.remove(DASHBOARD / "charts" / "plotly_layout.py")
    found = [file.name for file in files if re.search(r"\.\d%|\.\df\}*\)? ?%", file.read_text())]
    assert found == []
