"""What a provider's claims make of a visitor, and what a stranger is shown: nothing."""

from collections.abc import Iterator

import pytest

from core.config import RunConfig
from core.runs.status import State
from dashboard import menu
from dashboard.access import protection
from tests.dashboard.app_pages.lab import Lab, go, nodes, words

ANNA, TEACHER = "anna@school.example", "noether@school.example"
NOT_VERIFIED = {"sub": "1", "name": "Ina", "email": TEACHER, "email_verified": False}


@pytest.fixture
def provided(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The lab where a provider says who somebody is."""
    secrets = {"auth": {"client_id": "digit-lab"}, "DIGITLAB_TEACHERS": [TEACHER.upper()]}
    monkeypatch.setattr(protection, "_secrets", lambda: secrets)
    menu._pages.cache_clear()
    yield lab
    menu._pages.cache_clear()


def test_a_stranger_sees_the_login_on_every_page(provided: Lab) -> None:
    run = provided.runs.create(RunConfig(hidden=(16,)), name="a secret", state=State.FINISHED)
    app = provided.open("train", run=run.id, runs=run.id)
    for page in (*menu.PAGES, "classroom"):
        go(app, page)
        assert [button.label for button in app.button] == ["Log in"]
        assert "a secret" not in words(app)
        assert [node.type for node in nodes(app) if node.type in {"page_link", "selectbox"}] == []


@pytest.mark.parametrize(
    ("claims", "name", "is_teacher"),
    [
        ({"email": ANNA}, ANNA, False),
        ({"email": TEACHER}, TEACHER, True),
        (NOT_VERIFIED, "Ina #", False),
    ],
)
def test_the_class_page_says_who_the_provider_says_one_is(
    provided: Lab, claims: dict[str, object], name: str, is_teacher: bool
) -> None:
    app = provided.open("classroom")
    app.user = {"is_logged_in": True, "email_verified": True} | claims
    go(app, "classroom")
    shown = app.header[0].value.replace("\\", "").replace("\u2060", "")
    assert shown.startswith(name)
    assert ("You are a teacher" in words(app)) is is_teacher
    assert "Password" not in words(app)
