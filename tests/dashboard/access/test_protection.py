"""The network is refused to a server that nothing guards."""

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit import config

from dashboard.access.protection import refuse_open_network

APP = Path(__file__).parents[3] / "dashboard" / "app.py"
_OPTION = "server.address"


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str | None], None]]:
    """`listen(address)`: what the server is told to listen on; None is every address."""
    monkeypatch.delenv("DIGITLAB_CLASS_PASSWORD", raising=False)
    before = config.get_option(_OPTION)
    yield lambda address: config.set_option(_OPTION, address)
    config.set_option(_OPTION, before)


def test_the_server_ends_before_it_listens_on_the_network(
    listen: Callable[[str | None], None],
) -> None:
    listen("0.0.0.0")
    with pytest.raises(SystemExit, match=r"^Digit Lab does not listen on 0\.0\.0\.0 unguarded"):
        runpy.run_path(str(APP))


def test_the_server_ends_where_its_runs_are_to_be_at_an_address(
    listen: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listen("localhost")
    monkeypatch.setenv("DIGITLAB_RUNS", "s3://bucket/runs")
    with pytest.raises(SystemExit, match=r"^Digit Lab: .*s3://bucket/runs.*\.$"):
        runpy.run_path(str(APP))


@pytest.mark.parametrize(
    ("address", "shown"),
    [(None, "every address"), ("", "every address"), ("::", "::"), ("10.0.0.5", "10.0.0.5")],
)
def test_only_a_guard_opens_the_network(
    listen: Callable[[str | None], None],
    monkeypatch: pytest.MonkeyPatch,
    address: str | None,
    shown: str,
) -> None:
    listen(address)
    with pytest.raises(SystemExit, match=f"does not listen on {shown} unguarded"):
        refuse_open_network()
    monkeypatch.setenv("DIGITLAB_CLASS_PASSWORD", "sesame")
    refuse_open_network()


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_alone_needs_no_guard(
    listen: Callable[[str | None], None], address: str
) -> None:
    listen(address)
    refuse_open_network()
