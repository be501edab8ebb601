"""The Compare page on really trained runs, checked against NumPy and statsmodels."""

import shutil

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.weightstats import DescrStatsW
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.data import DISPUTED_TEST_LABELS, load_mnist
from core.runs import Run, RunStore
from core.runs.status import State
from core.training import train
from tests.dashboard.app_pages.lab import (
    Lab,
    captions,
    chart,
    protos,
    rewrite_history,
    select,
    words,
)

TINY = RunConfig(
    hidden=(16,), epochs=2, training_images=2_000, batch_size=64, validation_share=0.05, seed=11
)


@pytest.fixture(scope="session")
def _pair(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    store = RunStore(tmp_path_factory.mktemp("pair"))
    configs = [TINY, TINY.model_copy(update={"dropout": 0.6})]
    runs = [store.create(config, name=f"pair {n}") for n, config in enumerate(configs)]
    for run in runs:
        assert train(run).state is State.FINISHED
    return runs


@pytest.fixture
def pair(lab: Lab, _pair: list[Run]) -> list[Run]:
    """Two finished runs that differ in dropout; a copy for each test."""
    for run in _pair:
        shutil.copytree(run.path, lab.runs.root / run.id)
    return [lab.runs.get(run.id) for run in _pair]


def open_part(lab: Lab, runs: list[Run], part: str) -> AppTest:
    return lab.open("compare", runs=",".join(run.id for run in runs), compare=part)


def right_answers(run: Run) -> np.ndarray:
    return run.test_probabilities(2).argmax(axis=1) == load_mnist().y_test


def verdict(app: AppTest) -> str:
    (shown,) = [alert.value for alert in (*app.success, *app.info)]
    return shown.replace("\\", "")


def p_value(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def test_it_opens_on_the_two_newest_runs_that_differ(lab: Lab, pair: list[Run]) -> None:
    twin = lab.runs.create(pair[1].config, name="twin", state=State.RUNNING)
    twin.write_history(pair[1].history.to_dict("records"))
    lab.runs.create(RunConfig(hidden=()), name="no epoch yet", state=State.STOPPED)
    app = lab.open("compare", compare="Curves")
    assert chart(app, "curves_loss").alt == "Loss of A · pair 0, B · twin"
    assert app.query_params["runs"] == f"{pair[0].id},{twin.id}"


def test_it_asks_for_two_runs(lab: Lab, pair: list[Run]) -> None:
    app = open_part(lab, pair[:1], "Curves")
    assert [info.value for info in app.info] == ["Choose two runs or more to compare."]
    links = [link.label for link in protos(app, "page_link")]
    assert links == ["Find runs in the table", "Train another"]
    app.multiselect(key="picked_runs").select(pair[1].id).run()
    assert not app.info
    assert chart(app, "curves_loss").alt == "Loss of A · pair 0, B · pair 1"
    assert app.query_params["runs"] == f"{pair[0].id},{pair[1].id}"


def test_equal_first_layers_are_told_from_others(lab: Lab, pair: list[Run]) -> None:
    first, second = pair
    twin, old = (lab.runs.create(first.config, name=name) for name in ("a twin", "an old one"))
    for run in (twin, old):
        for file in first.path.glob("*.[!j]*"):  # all but its documents
            shutil.copy(file, run.path)
        run.write_status(first.status)
    (old.path / "first_layer.npy").unlink()
    app = open_part(lab, [first, second, twin, old], "Curves")
    layers = app.dataframe[0].value["First layer"].tolist()
    assert layers == ["its own", "its own", "equal to A's", "–"]


def test_each_result_stands_beside_its_epoch_and_the_best_one(lab: Lab, pair: list[Run]) -> None:
    first, second = pair
    accuracies = [0.9798, 0.937]
    rewrite_history(
        first,
        validation_loss=[0.1, 0.4],
        validation_accuracy=[0.97, 0.94],
        test_accuracy=accuracies,
    )
    rewrite_history(
        second,
        validation_loss=[0.2, 0.1],
        validation_accuracy=[0.97, 0.96],
        test_accuracy=accuracies,
    )
    rows = open_part(lab, pair, "Curves").dataframe[0].value
    assert rows["Test accuracy"].tolist() == ["93.70 %"] * 2
    assert rows["After epoch"].tolist() == ["2 of 2"] * 2
    assert rows["Best epoch"].tolist() == ["1 (97.98 %)", "2 (93.70 %)"]
    assert rows["Highest validation accuracy"].tolist() == ["97.00 %, epoch 1"] * 2


def test_the_verdict_and_three_more_seeds(lab: Lab, pair: list[Run]) -> None:
    a, b = (right_answers(run) for run in pair)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    test = mcnemar(table, exact=True)
    app = open_part(lab, pair, "Really better?")
    assert f"{abs(b.mean() - a.mean()) * 100:.2f} points" in verdict(app)
    assert p_value(test.pvalue) in verdict(app)
    assert app.table[0].value.to_numpy().tolist() == [[f"{n:,}" for n in row] for row in table]

    known = {run.id for run in pair}
    app.button(key="more_seeds").click().run()
    new = [run for run in reversed(lab.runs.list()) if run.id not in known]
    configs = [run.config for run in pair]
    assert [run.config for run in new] == [
        config.model_copy(update={"seed": seed}) for seed in (0, 1, 2) for config in configs
    ]
    assert {run.status.state for run in new} == {State.QUEUED}
    assert "6 more runs of these two to come" in words(app)
    assert "more_seeds" not in [button.key for button in app.button]
    for run in new:
        assert train(run).state is State.FINISHED

    app.run()
    accuracies = [
        {
            run.config.seed: run.history["test_accuracy"].iloc[-1]
            for run in [*pair, *new]
            if run.config.dropout == dropout
        }
        for dropout in (0.0, 0.6)
    ]
    seeds = (0, 1, 2, 11)
    differences = [accuracies[1][seed] - accuracies[0][seed] for seed in seeds]
    reference = DescrStatsW(differences)
    assert "over 4 seeds each" in verdict(app)
    assert f"{100 * abs(reference.mean):.2f} points" in verdict(app)
    assert p_value(reference.ttest_mean()[1]) in verdict(app)
    rows = app.table[1].value.to_numpy().tolist()
    for row, seed, difference in zip(rows, seeds, differences, strict=False):
        first, second = (f"{100 * by_seed[seed]:.2f} %" for by_seed in accuracies)
        assert row[:3] == [str(seed), first, second]
        assert row[3] == f"{100 * difference:+.2f}".replace("-", "−")
    assert rows[4][1] == f"{100 * np.mean(list(accuracies[0].values())):.2f} %"


@pytest.mark.parametrize(
    ("seed", "sentence"),
    [
        (TINY.seed, "from the same seed: they differ only in what was asked of them"),
        (TINY.seed + 1, "from different seeds: what differs between them is chance"),
    ],
    ids=["same seed", "another seed"],
)
def test_the_same_network_twice(lab: Lab, pair: list[Run], seed: int, sentence: str) -> None:
    again = lab.runs.create(TINY.model_copy(update={"seed": seed}), name="the same again")
    for file in pair[0].path.iterdir():
        if file.name != "config.json":
            shutil.copy(file, again.path)
    app = open_part(lab, [pair[0], again], "Really better?")
    assert sentence in words(app)
    assert "A and B get the same of the 10,000 test images right" in words(app).replace("\\", "")
    assert not app.button


def test_images_that_one_gets_right_and_the_other_wrong(lab: Lab, pair: list[Run]) -> None:
    a, b = (right_answers(run) for run in pair)
    app = open_part(lab, pair, "Images")
    for first, second, count in (("A", "B", (a & ~b).sum()), ("B", "A", (b & ~a).sum())):
        assert f"{first} right, {second} wrong: {count:,} images" in words(app)
    predicted = pair[1].test_probabilities(2).argmax(axis=1)
    labels, indices = load_mnist().y_test, np.flatnonzero(a & ~b)[:48]
    shown = captions(app, "only_A")
    assert [caption.partition("<br>")[0] for caption in shown] == [
        f"{labels[index]} → {predicted[index]}" for index in indices
    ]
    assert ["label disputed" in caption for caption in shown] == [
        index in DISPUTED_TEST_LABELS for index in indices
    ]

    select(app, "only_A", points=[{"point_index": 3}])
    links = [link for link in protos(app, "page_link") if link.page == "evaluate"]
    for link, run, letter in zip(links, pair, "AB", strict=True):
        assert link.label == f"Test image {indices[3]} and what {letter} thinks of it"
        query = f"run={run.id}&evaluate=Errors&test_image={indices[3]}"
        assert link.query_string == query


@pytest.mark.parametrize(
    ("part", "key", "alt"),
    [
        ("Curves", "curves_accuracy", "Accuracy of A · pair 0, B · pair 1"),
        (
            "Confusion",
            "confusion_difference",
            "Confusion matrix of B · pair 1 less that of A · pair 0",
        ),
        ("Ruler", "ruler", "Test errors of the compared runs beside published ones"),
    ],
)
def test_each_part_is_drawn(lab: Lab, pair: list[Run], part: str, key: str, alt: str) -> None:
    app = open_part(lab, pair, part)
    assert chart(app, key).alt == alt
