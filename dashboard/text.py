"""Numbers and times in words, and a user's own words as they were typed."""

import re

NO_VALUE = "–"
"""What a table or a figure says where there is no value; the dash means nothing else."""
PERCENT_FORMAT = "%.2f %%"
"""For the browser: writes a number that is in percent already as `percent` writes a share."""


def percent(share: float) -> str:
    """0.98312 -> "98.31 %"."""
    return PERCENT_FORMAT % (100 * share)


def percent_range(low: float, high: float) -> str:
    """(0.97502, 0.98312) -> "97.50 to 98.31 %"."""
    return f"{100 * low:.2f} to {percent(high)}"


def number_of(count: int, one: str) -> str:
    """1, "image" -> "1 image"; 2000, "image" -> "2,000 images"."""
    return f"{count:,} {one if count == 1 else one + 's'}"


def duration(seconds: float) -> str:
    """0.84 -> "0.8 s", 95 -> "1 min 35 s", 3720 -> "1 h 2 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def about(seconds: float) -> str:
    """An estimate, in no more digits than it is worth: 2.3 -> "about 2 s", 62 -> "about 1 min"."""
    step = next((step for limit, step in _ROUNDINGS if seconds < limit), 600)
    rounded = max(round(seconds / step) * step, 1)
    return f"about {f'{rounded} s' if rounded < 60 else duration(rounded)}"


_ROUNDINGS = [(10, 1), (60, 5), (600, 10), (3600, 60)]
"""(limit, step): an estimate below `limit` seconds is rounded to `step` seconds."""


def short_number(value: float) -> str:
    """A learning rate or penalty in its shortest form: 0.001, 1e-05, 0."""
    return f"{value:g}"


def decimal(value: float) -> str:
    """A number to two decimals, or to three digits if it is huge: 12.35, 1.24e+12."""
    return f"{value:.2f}" if abs(value) < 1e6 else f"{value:.3g}"


def range_text(low: float, high: float) -> str:
    """(0.0, 255.0) -> "0 to 255"."""
    return f"{low:g} to {high:g}"


def escape(words: object) -> str:
    """Markdown that shows a user's words, such as a run's name, as they were typed.

    For an error's message too, since it may quote them. Streamlit makes links, icons and arrows of
    some words although they are escaped: an invisible word joiner in them prevents that.
    """
    cut = _BEFORE_JOINER.sub(_WORD_JOINER, " ".join(str(words).split()))
    return "".join(f"\\{letter}" if letter in _MARKDOWN else letter for letter in cut)


_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&")
_WORD_JOINER = "\u2060"
_BEFORE_JOINER = re.compile(
    r"(?<=:)(?=//|[\w+/-]+:)|(?<=www)(?=\.)|(?=@)|(?<=[-<>~])(?=[->=])", re.IGNORECASE
)
