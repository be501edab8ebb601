"""The Compare page on really trained runs, checked against NumPy and statsmodels."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.weightstats import DescrStatsW

from core.config import RunConfig
from core.data import load_mnist
from core.runs import Run
from core.status import State
from tests.e2e.controls import pick
from tests.e2e.server import Server, wait_for

TINY = RunConfig(
    hidden=(16,), epochs=2, training_images=2_000, batch_size=64, validation_share=0.05, seed=11
)


@pytest.fixture(scope="module")
def pair(server: Server) -> list[Run]:
    """Two finished runs that differ in dropout."""
    configs = [TINY, TINY.model_copy(update={"dropout": 0.6})]
    runs = [server.runs.create(config, name=f"pair {n}") for n, config in enumerate(configs)]
    for run in runs:
        wait_for(lambda run=run: run.status.state is State.FINISHED, f"{run}", deadline=180)
    return runs


def open_part(page: Page, server: Server, runs: list[Run], part: str) -> None:
    ids = ",".join(run.id for run in runs)
    page.goto(f"{server.url}/compare?runs={ids}&compare={part}")


def right_answers(run: Run) -> np.ndarray:
    return run.test_probabilities(len(run.history)).argmax(axis=1) == load_mnist().y_test


def cells(page: Page, key: str):
    return page.locator(f".st-key-{key} td")


def p_value(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def test_it_asks_for_two_runs(page: Page, server: Server, pair: list[Run]) -> None:
    open_part(page, server, pair[:1], "Curves")
    expect(page.get_by_text("Choose two runs or more to compare.")).to_be_visible()
    pick(page, "Runs", "pair 1")
    expect(page.get_by_label("Loss of A · pair 0, B · pair 1", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(f"runs={pair[0].id}(,|%2C){pair[1].id}"))


def test_the_verdict_and_three_more_seeds(page: Page, server: Server, pair: list[Run]) -> None:
    a, b = (right_answers(run) for run in pair)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    test = mcnemar(table, exact=True)
    open_part(page, server, pair, "Really better?")
    verdict = page.locator(".st-key-verdict")
    points = abs(b.mean() - a.mean()) * 100
    expect(verdict).to_contain_text(f"{points:.2f} points")
    expect(verdict).to_contain_text(p_value(test.pvalue))
    expect(cells(page, "both_right")).to_have_text([f"{n:,}" for row in table for n in row])

    known = {run.id for run in server.runs.list()}
    page.get_by_role("button", name="Train three more seeds of each").click()
    wait_for(lambda: len(server.runs.list()) == len(known) + 6, "six new runs")
    new = [run for run in server.runs.list() if run.id not in known]
    for config in (run.config for run in pair):
        expected = [config.model_copy(update={"seed": seed}) for seed in (0, 1, 2)]
        assert [run.config for run in reversed(new) if run.config.dropout == config.dropout] == (
            expected
        )
    for run in new:
        wait_for(lambda run=run: run.status.state is State.FINISHED, f"{run}", deadline=180)

    accuracies = [
        {
            run.config.seed: run.history["test_accuracy"].iloc[-1]
            for run in [*pair, *new]
            if run.config.dropout == dropout
        }
        for dropout in (0.0, 0.6)
    ]
    differences = [accuracies[1][seed] - accuracies[0][seed] for seed in (0, 1, 2, 11)]
    reference = DescrStatsW(differences)
    expect(verdict).to_contain_text("over 4 seeds each")
    expect(verdict).to_contain_text(f"{100 * abs(reference.mean):.2f} points")
    expect(verdict).to_contain_text(p_value(reference.ttest_mean()[1]))
    for row, seed in enumerate((0, 1, 2, 11)):
        expect(cells(page, "over_seeds").nth(4 * row)).to_have_text(str(seed))
        expect(cells(page, "over_seeds").nth(4 * row + 1)).to_have_text(
            f"{100 * accuracies[0][seed]:.2f} %"
        )
    for run in new:
        server.runs.delete(run.id)


@pytest.mark.parametrize(
    ("seed", "sentence"),
    [
        (TINY.seed, "from the same seed: they differ only in what was asked of them"),
        (TINY.seed + 1, "from different seeds: what differs between them is chance"),
    ],
    ids=["same seed", "another seed"],
)
def test_the_same_network_twice(
    page: Page, server: Server, pair: list[Run], seed: int, sentence: str
) -> None:
    again = server.runs.create(TINY.model_copy(update={"seed": seed}), name="the same again")
    wait_for(lambda: again.status.state is State.FINISHED, "the run", deadline=180)
    open_part(page, server, [pair[0], again], "Really better?")
    expect(page.get_by_text(sentence)).to_be_visible()


def test_images_that_one_gets_right_and_the_other_wrong(
    page: Page, server: Server, pair: list[Run]
) -> None:
    a, b = (right_answers(run) for run in pair)
    open_part(page, server, pair, "Images")
    for first, second, count in (("A", "B", (a & ~b).sum()), ("B", "A", (b & ~a).sum())):
        heading = f"{first} right, {second} wrong: {count:,} images"
        expect(page.get_by_text(heading)).to_be_visible()
    predicted = pair[1].test_probabilities(len(pair[1].history)).argmax(axis=1)
    labels = load_mnist().y_test
    shown = [f"{labels[i]} → {predicted[i]}" for i in np.flatnonzero(a & ~b)[:48]]
    expect(page.locator(".st-key-only_A .annotation-text")).to_have_text(shown)


@pytest.mark.parametrize(
    ("part", "alt"),
    [
        ("Curves", "Accuracy of A · pair 0, B · pair 1"),
        ("Confusion", "Confusion matrix of B · pair 1 less that of A · pair 0"),
        ("Ruler", "Test errors of the compared runs beside published ones"),
    ],
)
def test_each_part_is_drawn(
    page: Page, server: Server, pair: list[Run], part: str, alt: str
) -> None:
    open_part(page, server, pair, part)
    expect(page.get_by_label(alt, exact=True)).to_be_visible()
