"""A folder of runs that the dashboard in this process looks at, a run really trained, and visitors
of a class."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import script_runner

from core.config import RunConfig
from core.engine.queue import RunQueue
from core.runs import Run, RunStore
from core.runs.status import State
from core.training import train
from dashboard import menu
from dashboard.access.login_cookie import check_password, read_login, write_login
from dashboard.session.server import server
from tests.dashboard.app_pages.lab import Lab, Media, call_here


@pytest.fixture
def lab(store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The dashboard, alone at its desk, on an empty folder of runs."""
    for name in ("DIGITLAB_CLASS_PASSWORD", "DIGITLAB_TEACHER_PASSWORD", "DASK_SCHEDULER_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DIGITLAB_RUNS", str(store.root))
    monkeypatch.setenv("DIGITLAB_DRAWINGS", str(tmp_path / "drawings"))
    server.cache_clear()
    engine = server().engine
    engine.queue = RunQueue(engine.store, engine.cluster, most_waiting=10)
    monkeypatch.setattr(engine, "submit", call_here)
    # Streamlit clears Keras's session after each run of a page, where Keras is loaded: not so in
    # the server, which never loads it.
    monkeypatch.setattr(script_runner, "_clean_problem_modules", lambda: None)
    return Lab(store)


@pytest.fixture
def media(monkeypatch: pytest.MonkeyPatch) -> Media:
    """The files that pages would have a browser fetch."""
    media = Media()
    monkeypatch.setattr("streamlit.testing.v1.app_test.MediaFileManager", media.serve)
    return media


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = RunConfig(hidden=(32, 16), dropout=0.2, l2=1e-4, epochs=3, training_images=10_000)
    run = RunStore(tmp_path_factory.mktemp("trained")).create(config, name="a trained run")
    assert train(run).state is State.FINISHED
    return run


@pytest.fixture
def trained(lab: Lab, _trained: Run) -> Run:
    """A finished run in the lab: a small network, three epochs, with an error or two.

    A copy for each test, which may damage it.
    """
    shutil.copytree(_trained.path, lab.runs.root / _trained.id)
    return lab.runs.get(_trained.id)


@pytest.fixture
def come_in(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """`come_in(name, password)`: a browser that the door of a class let in opens the pages from now
    on; the name of its visitor's runs.

    The class's password is "sesame", the teacher's "open wide".
    """
    cookies: dict[str, str] = {}
    monkeypatch.setattr(type(st.context), "cookies", cookies)
    monkeypatch.setenv("DIGITLAB_RUNS", str(lab.runs.root))
    monkeypatch.setenv("DIGITLAB_CLASS_PASSWORD", "sesame")
    monkeypatch.setenv("DIGITLAB_TEACHER_PASSWORD", "open wide")
    menu._pages.cache_clear()

    def come_in(name: str, password: str = "sesame") -> str:
        login = replace(read_login({}), name=name, role=check_password(password))
        cookies.update(write_login(login))
        return login.owner

    yield come_in
    menu._pages.cache_clear()
