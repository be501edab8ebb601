"""The network is refused to a server that nothing guards."""

import runpy
import subprocess
import sys
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


def test_the_server_ends_with_a_sentence_at_a_wrong_setting(
    listen: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listen("0.0.0.0")
    monkeypatch.setenv("DIGITLAB_NICENESS", "twenty")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(APP))
    sentence = "Digit Lab: correct or unset DIGITLAB_NICENESS: 'twenty' is not a valid integer."
    assert ended.value.code == sentence


@pytest.mark.parametrize(
    ("secrets", "guarded_by"),
    [
        ('DIGITLAB_CLASS_PASSWORD = "sesame"', "password"),
        ("DIGITLAB_CLASS_PASSWORD = sesame", "local"),  # cannot be read
    ],
)
def test_secrets_guard_too(tmp_path: Path, secrets: str, guarded_by: str) -> None:
    """In a process of its own, since Streamlit reads them once."""
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets)
    program = "from dashboard.access.protection import guard; print(guard())"
    command = [sys.executable, "-c", program]
    environment = {"PATH": "", "PYTHONPATH": str(APP.parents[1])}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.stdout.strip() == guarded_by, result.stderr


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_alone_needs_no_guard(
    listen: Callable[[str | None], None], address: str
) -> None:
    listen(address)
    refuse_open_network()
