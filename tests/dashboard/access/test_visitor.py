"""Who is a teacher, and whose run it is; the browser tests have the rest."""

import getpass
import json

import pytest
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.runs import RunStore
from core.runs.status import State
from dashboard.access import visitor as module
from dashboard.access.visitor import Visitor, may_change, visitor_from_claims

CLAIMS = {"is_logged_in": True, "iss": "https://login.example", "sub": "1"}


@pytest.fixture(autouse=True)
def _teachers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITLAB_TEACHERS", " Noether@school.example , second@school.example")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"email": "noether@SCHOOL.example"}, Visitor("noether@school.example", True)),
        ({"email": "second@school.example", "email_verified": True},
         Visitor("second@school.example", True)),
        ({"email": "anna@school.example"}, Visitor("anna@school.example", False)),
    ],
)  # fmt: skip
def test_an_address_names_a_person(claims: dict[str, object], expected: Visitor) -> None:
    assert visitor_from_claims(CLAIMS | claims) == expected


@pytest.mark.parametrize("verified", [False, "false", None, 0, ""])
def test_an_address_that_is_not_verified_names_nobody(verified: object) -> None:
    claims = {"email": "noether@school.example", "email_verified": verified, "name": "noether"}
    looking = visitor_from_claims(CLAIMS | claims)
    assert not looking.is_teacher
    assert looking.name.startswith("noether #")


def test_people_without_address_are_told_apart_by_the_provider() -> None:
    people = [
        visitor_from_claims(CLAIMS | changes)
        for changes in ({}, {"sub": "2"}, {"iss": "https://other.example"}, {"name": "Anna"})
    ]
    assert len({person.name for person in people}) == 4


@pytest.mark.parametrize("claims", [{}, {"is_logged_in": False, "email": "noether@school.example"}])
def test_who_is_not_logged_in_is_nobody(claims: dict[str, object]) -> None:
    with pytest.raises(PermissionError):
        visitor_from_claims(claims)


@pytest.mark.parametrize(
    ("looking", "allowed"),
    [
        (Visitor("anna", False), True),
        (Visitor("Anna", False), False),
        (Visitor("bert", False), False),
        (Visitor("bert", True), True),
    ],
)
def test_a_run_is_its_owners_and_every_teachers(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, looking: Visitor, allowed: bool
) -> None:
    run = store.create(RunConfig(), owner="anna", state=State.FINISHED)
    monkeypatch.setattr(module, "visitor", lambda: looking)
    assert may_change(store.get(run.id)) is allowed


def test_a_run_without_a_readable_owner_is_a_teachers(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(RunConfig(), owner="anna", state=State.FINISHED)
    (run.path / "config.json").write_text("{")
    for is_teacher in (False, True):
        monkeypatch.setattr(
            module, "visitor", lambda is_teacher=is_teacher: Visitor("anna", is_teacher)
        )
        assert may_change(store.get(run.id)) is is_teacher


def test_alone_one_may_do_everything() -> None:
    def page() -> None:
        import json

        import streamlit as st

        from dashboard.access.visitor import visitor

        st.text(json.dumps([visitor().name, visitor().is_teacher]))

    shown = AppTest.from_function(page, default_timeout=120).run()
    assert json.loads(shown.text[0].value) == [getpass.getuser(), True]
