"""What a comparison of two runs, whatever they are called, says: as plain sentences."""

from typing import NamedTuple

from core.analysis.comparison import SIGNIFICANCE_LEVEL, ImageComparison, SeedComparison

_ENOUGH_SEEDS = 10
_MORE_SEEDS = "Train three more seeds of each to tell."


class Verdict(NamedTuple):
    """Whether one is really better, what was found, and what to do next, if anything."""

    is_real: bool
    finding: str
    advice: str = ""


def judge_images(found: ImageComparison, a: str = "A", b: str = "B") -> Verdict:
    """What the test on images says of two single runs; accuracies are in percentage points."""
    images = f"{found.images:,} test images"
    if not found.only_a + found.only_b:
        return Verdict(False, f"{a} and {b} get the same of the {images} right.", _MORE_SEEDS)
    p = _p_value(found.p_value)
    if found.p_value >= SIGNIFICANCE_LEVEL:
        finding = f"{_describe_difference(found, a, b)}; with {images} that is within chance, {p}."
        return Verdict(False, finding, _MORE_SEEDS)
    finding = f"{_describe_advantage(found, a, b)}; with {images} chance would seldom do that, {p}."
    return Verdict(True, finding, f"From another seed either may do otherwise. {_MORE_SEEDS}")


def judge_training_on(found: ImageComparison, images: str = "images") -> str:
    """What a network reads right, before (A) and after (B) it was trained on."""
    gained, lost = found.only_b, found.only_a
    if not gained + lost:
        return f"It reads the same of the {found.images:,} {images} right as before."
    words = (
        f"It now reads {gained:,} right that it read wrong before, and {lost:,} the other way round"
    )
    is_chance = found.p_value >= SIGNIFICANCE_LEVEL
    judged = "that is within chance" if is_chance else "chance would seldom do that"
    return f"{words}; with {found.images:,} {images} {judged}, {_p_value(found.p_value)}."


def judge_seeds(found: SeedComparison, a: str = "A", b: str = "B") -> Verdict:
    """What the test over seeds says of two configurations."""
    if found.is_paired:
        seeds = f"over {found.seeds_a} seeds each"
    else:
        seeds = f"over {found.seeds_a} seeds of {a} and {found.seeds_b} others of {b}"
    if found.p_value is None:
        finding = f"{_describe_difference(found, a, b)} each time, {seeds}"
        finding += ": too few to say how much is chance."
        return Verdict(False, finding, _MORE_SEEDS)
    p = _p_value(found.p_value)
    if found.p_value < SIGNIFICANCE_LEVEL:
        return Verdict(True, f"{_describe_advantage(found, a, b)} on average {seeds}, {p}.")
    finding = f"{_describe_difference(found, a, b)} on average {seeds}; that is within chance, {p}."
    if min(found.seeds_a, found.seeds_b) >= _ENOUGH_SEEDS:
        return Verdict(False, finding, "If there is a difference, it is small.")
    return Verdict(False, finding, _MORE_SEEDS)


def _describe_difference(found: ImageComparison | SeedComparison, a: str, b: str) -> str:
    return f"{a} and {b} differ by {_points(found)}"


def _describe_advantage(found: ImageComparison | SeedComparison, a: str, b: str) -> str:
    """That one is better, with the interval of its advantage."""
    low, high = 100 * (found.low or 0.0), 100 * (found.high or 0.0)
    if found.difference < 0:
        a, b, low, high = b, a, -high, -low
    return f"{b} is better than {a} by {_points(found)} (95 %: {low:.2f} to {high:.2f})"


def _points(found: ImageComparison | SeedComparison) -> str:
    return f"{100 * abs(found.difference):.2f} points"


def _p_value(value: float) -> str:
    """0.31 -> "p = 0.31", 0.0004 -> "p < 0.001"."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"
