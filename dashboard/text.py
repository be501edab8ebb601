"""Numbers and times as a person reads them."""

import re


def percent(share: float) -> str:
    """0.98312 -> "98.31 %"."""
    return f"{100 * share:.2f} %"


def duration(seconds: float) -> str:
    """0.84 -> "0.8 s", 95 -> "1 min 35 s", 3720 -> "1 h 2 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def rate(value: float) -> str:
    """A learning rate or penalty in its shortest form: 0.001, 1e-05, 0."""
    return f"{value:g}"


def span(low: float, high: float) -> str:
    """(0.0, 255.0) -> "0 to 255"."""
    return f"{low:g} to {high:g}"


def plain(words: object) -> str:
    """A person's own words, such as a run's name, as markdown that shows them as they were typed.

    So for an error too, since its sentence may quote what was typed.

    Streamlit makes links, icons and arrows of some words after the escapes are gone: these are cut
    by a word joiner, which takes no room.
    """
    cut = _MADE_INTO_OTHER.sub(_WORD_JOINER, " ".join(str(words).split()))
    return "".join(f"\\{letter}" if letter in _MARKDOWN else letter for letter in cut)


_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&")
_WORD_JOINER = "\u2060"
_MADE_INTO_OTHER = re.compile(
    r"(?<=:)(?=//|[\w+/-]+:)|(?<=www)(?=\.)|(?=@)|(?<=[-<>~])(?=[->=])", re.IGNORECASE
)
