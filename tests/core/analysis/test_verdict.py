import pytest

from core.analysis.comparison import ImageComparison, SeedComparison
from core.analysis.verdict import Verdict, judge_images, judge_seeds

MORE = "Train three more seeds of each to tell."


def test_within_chance_on_images() -> None:
    found = ImageComparison(150, 139, 10_000, -0.0011, -0.0045, 0.0023, 0.3058)
    assert judge_images(found) == Verdict(
        False,
        "A and B differ by 0.11 points; with 10,000 test images that is within chance, p = 0.31.",
        MORE,
    )


@pytest.mark.parametrize(
    ("found", "better"),
    [
        (ImageComparison(90, 199, 10_000, 0.0109, 0.0075, 0.0142, 1e-10), "C is better than A"),
        (ImageComparison(199, 90, 10_000, -0.0109, -0.0142, -0.0075, 1e-10), "A is better than C"),
    ],
)
def test_more_than_chance_on_images(found: ImageComparison, better: str) -> None:
    verdict = judge_images(found, "A", "C")
    assert verdict.is_real
    assert verdict.finding == (
        f"{better} by 1.09 points (95 %: 0.75 to 1.42); with 10,000 test images chance would "
        "seldom do that, p < 0.001."
    )
    assert verdict.advice == f"From another seed either may do otherwise. {MORE}"


def test_the_same_answers() -> None:
    verdict = judge_images(ImageComparison(0, 0, 10_000, 0.0, 0.0, 0.0, 1.0))
    assert verdict == Verdict(False, "A and B get the same of the 10,000 test images right.", MORE)


def test_more_than_chance_over_seeds() -> None:
    verdict = judge_seeds(SeedComparison(5, 5, True, 0.0023, 0.0011, 0.0035, 0.0062))
    assert verdict == Verdict(
        True,
        "B is better than A by 0.23 points (95 %: 0.11 to 0.35) on average over 5 seeds each, "
        "p = 0.0062.",
    )


@pytest.mark.parametrize(
    ("seeds", "advice"), [(4, MORE), (10, "If there is a difference, it is small.")]
)
def test_within_chance_over_seeds(seeds: int, advice: str) -> None:
    verdict = judge_seeds(SeedComparison(seeds, seeds, True, -0.0004, -0.002, 0.0012, 0.5))
    finding = (
        f"A and B differ by 0.04 points on average over {seeds} seeds each; that is within chance, "
        "p = 0.5."
    )
    assert verdict == Verdict(False, finding, advice)


def test_over_different_seeds() -> None:
    verdict = judge_seeds(SeedComparison(3, 5, False, 0.0004, -0.001, 0.002, 0.5), "B", "D")
    assert "over 3 seeds of B and 5 others of D" in verdict.finding


def test_without_spread() -> None:
    verdict = judge_seeds(SeedComparison(2, 2, True, 0.0011, None, None, None))
    assert verdict == Verdict(
        False,
        "A and B differ by 0.11 points each time, over 2 seeds each: too few to say how much is "
        "chance.",
        MORE,
    )
