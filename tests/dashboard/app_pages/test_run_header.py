"""The head of the pages that look at a run: which run they open on, how it stands, its epochs."""

import shutil
from getpass import getuser

import pytest
from statsmodels.stats.proportion import proportion_confint

from core.analysis.diagnosis import Kind
from core.config import RunConfig
from core.course.glossary import glossary
from core.runs import Run
from core.runs.status import State, Status
from dashboard.menu import PAGES, make_pages
from dashboard.parts import epoch_slider
from dashboard.session.queries import read_findings
from tests.dashboard.app_pages.lab import Lab, go, words

SMALL = RunConfig(hidden=(16,), epochs=1)


def copy_history(source: Run, lab: Lab, owner: str) -> Run:
    """A finished run of this owner with the history of another."""
    run = lab.runs.create(SMALL, name=f"of {owner}", owner=owner, state=State.FINISHED)
    run.write_history(source.history.to_dict("records"))
    return run


def test_a_page_opens_on_the_visitors_newest_run_with_an_epoch(lab: Lab, trained: Run) -> None:
    own = copy_history(trained, lab, getuser())
    copy_history(trained, lab, "somebody else")
    lab.runs.create(SMALL, name="no epoch yet")
    app = lab.open("curves")
    assert app.query_params["run"] == own.id
    assert "choose" not in words(app).lower()


def test_without_one_of_ones_own_it_is_anybodys_with_an_epoch(lab: Lab, trained: Run) -> None:
    lab.runs.delete(trained.id)
    waiting = lab.runs.create(SMALL, name="no epoch yet", owner="somebody")
    assert lab.open("train").query_params["run"] == waiting.id
    lab.runs.delete(waiting.id)


def test_the_last_run_looked_at_stays_and_the_address_goes_before(lab: Lab, trained: Run) -> None:
    newer = copy_history(trained, lab, getuser())
    app = lab.open("curves", run=trained.id)
    del app.query_params["run"]  # another page was opened from the menu
    go(app, "train")
    assert app.query_params["run"] == trained.id
    go(app, "train", run=newer.id)
    assert app.query_params["run"] == newer.id


def test_one_run_needs_no_picker_and_of_two_one_is_always_chosen(lab: Lab, trained: Run) -> None:
    app = lab.open("curves")
    assert not [box for box in app.selectbox if box.key == "picked_run"]
    copy_history(trained, lab, getuser())
    picker = app.run().selectbox(key="picked_run")
    assert picker.value == trained.id
    assert picker.proto.HasField("default")  # so that a browser offers no way to clear it


def test_the_head_says_name_state_and_accuracy_with_its_interval(lab: Lab, trained: Run) -> None:
    right = round(trained.history["test_accuracy"].iloc[-1] * 10_000)
    low, high = (100 * end for end in proportion_confint(right, 10_000, method="wilson"))
    for page in (name for name, page in PAGES.items() if page.shows_run):
        shown = words(lab.open(page))
        assert f"Run: {trained.name} · " in shown, page
        assert "finished" in shown, page
        assert (
            f"**{right / 100:.2f} %** on the test set :small[({low:.2f} to {high:.2f} %)]" in shown
        )


@pytest.mark.parametrize("page", ["evaluate", "draw", "layers"])
def test_the_epochs_stand_in_the_head_with_a_play_button(
    lab: Lab, trained: Run, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = lab.open(page)
    assert app.slider(key="picked_epoch").value == 3
    played = []
    monkeypatch.setattr(epoch_slider, "_SECONDS", 123)
    monkeypatch.setattr(
        "streamlit.fragment", lambda draw, run_every: played.append(draw) or (lambda: draw())
    )
    app.button(key="play_epochs").click().run()
    assert app.slider(key="picked_epoch").value == 1
    assert app.query_params["epoch"] == "1"


def test_the_menu_has_three_groups() -> None:
    groups = {name: [page.title for page in pages] for name, pages in make_pages().items()}
    assert groups == {
        "": ["Train", "Draw", "Learn"],
        "Understand": ["Data", "Curves", "Evaluate", "Layers", "Features"],
        "Experiment": ["Runs", "Compare", "Sweep"],
    }


def test_each_page_has_its_words_behind_a_button(lab: Lab, trained: Run) -> None:
    pages = {page for word in glossary().values() for page in word.pages}
    assert pages == PAGES.keys() - {"classroom", "learn"}  # a lesson has those of its own texts
    for page in ("train", "features"):
        assert "Words" in words(lab.open(page)).split("\n")


def test_what_happened_follows_the_runs_beside(lab: Lab, trained: Run) -> None:
    """A run that still trains is no earlier one; when it ends or is renamed, that is said."""

    def difference() -> str | None:
        found = {finding.kind: finding.sentence for finding in read_findings(later)}
        return found.get(Kind.DIFFERENCE)

    later = copy_history(trained, lab, trained.record.owner)
    shutil.copy(trained.path / "test_probabilities.npy", later.path)
    ended = trained.status
    trained.write_status(Status(state=State.RUNNING, epoch=3))
    assert difference() is None
    trained.write_status(ended)
    assert "“a trained run”" in difference()
    trained.update_label(name="another name")
    assert "“another name”" in difference()
