"""What each page says where nothing was trained yet, and where it leads."""

import pytest

from tests.dashboard.app_pages.lab import Lab, protos


@pytest.mark.parametrize("name", ["curves", "evaluate", "features", "layers", "draw", "compare"])
def test_the_page_says_what_to_do_and_leads_there(lab: Lab, name: str) -> None:
    app = lab.open(name)
    assert [info.value for info in app.info] == ["Nothing has been trained yet."]
    (link,) = [link for link in protos(app, "page_link") if link.label == "Train a network"]
    assert link.page == "train"


def test_the_two_losses_lead_to_a_form_that_shows_them(lab: Lab) -> None:
    app = lab.open("curves", curves="Two training losses")
    sentences = [info.value for info in app.info]
    assert sentences == ["No regularised run yet.", "No unregularised run yet."]
    first, second = [link for link in protos(app, "page_link") if link.label == "Train one"]
    assert (first.page, second.page) == ("train", "train")
    assert "dropout=0.5" in first.query_string
    assert "dropout=0.0" in second.query_string
