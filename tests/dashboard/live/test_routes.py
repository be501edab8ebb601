"""What a browser fetches beside the pages: the module's files and a network's weights."""

import re

import pytest
from httpx import ASGITransport, AsyncClient, Response
from starlette.applications import Starlette
from starlette.middleware import Middleware

from core.config import RunConfig
from core.engine import EngineError
from core.network.build import flatten_weights
from core.network.load import load_network
from core.runs import Run
from core.runs.browser_weights import kept_browser_weights, pack_weights
from dashboard.access.door import Door
from dashboard.live import routes
from dashboard.live.routes import FILES, ROUTES, VERSION, weights_path
from tests.dashboard.access.run_async import run_async
from tests.dashboard.app_pages.lab import Lab


class Client:
    """A browser that asks a server of nothing but these routes."""

    def __init__(self, *middleware: Middleware) -> None:
        self._app = Starlette(routes=ROUTES, middleware=middleware)

    def get(self, path: str) -> Response:
        async def ask() -> Response:
            transport = ASGITransport(self._app, client=("10.0.0.7", 5000))
            async with AsyncClient(transport=transport, base_url="http://lab") as client:
                return await client.get(path)

        response: Response = run_async(ask())
        return response


@pytest.fixture
def client(lab: Lab) -> Client:
    routes._pack.cache_clear()
    return Client()


def test_weights_are_those_of_the_epoch_and_never_change(client: Client, trained: Run) -> None:
    for epoch in (1, 3):
        response = client.get(f"/lab/weights/{trained.id}/{epoch}")
        assert response.status_code == 200
        assert response.content == kept_browser_weights(trained, epoch)
        assert "immutable" in response.headers["cache-control"]
        assert "private" in response.headers["cache-control"]


def test_the_path_leads_there_from_a_file_of_the_module(trained: Run) -> None:
    module = f"http://lab/lab/live/{VERSION}/scene.js"
    address = re.sub(r"live/\w+/scene.js$", "", module) + weights_path(trained.id, 3)[6:]
    assert address == f"http://lab/lab/weights/{trained.id}/3"


@pytest.mark.parametrize("path", ["{run}/0", "{run}/4", "nothing/1", "..%2f..%2fetc/1", "{run}/x"])
def test_what_is_not_there_is_not_found(client: Client, trained: Run, path: str) -> None:
    response = client.get(f"/lab/weights/{path.format(run=trained.id)}")
    assert response.status_code == 404


def test_a_deleted_run_has_no_weights_though_they_were_fetched(
    client: Client, lab: Lab, trained: Run
) -> None:
    assert client.get(f"/lab/weights/{trained.id}/3").status_code == 200
    lab.runs.delete(trained.id)
    assert client.get(f"/lab/weights/{trained.id}/3").status_code == 404


def test_a_network_that_has_not_learned_yet(client: Client, lab: Lab) -> None:
    run = lab.runs.create(RunConfig(hidden=(4,)))
    assert client.get(f"/lab/weights/{run.id}/1").status_code == 404


def test_a_network_that_is_too_large_is_not_sent(client: Client, lab: Lab) -> None:
    run = lab.runs.create(RunConfig(hidden=(2048, 2048, 2048)))
    response = client.get(f"/lab/weights/{run.id}/1")
    assert response.status_code == 404
    assert "too large" in response.text


def test_an_epoch_that_is_not_kept_is_read_from_the_network(client: Client, trained: Run) -> None:
    """As of an older run, which keeps none: by a worker."""
    (trained.path / "weights.npy").unlink()
    response = client.get(f"/lab/weights/{trained.id}/3")
    expected = pack_weights(trained.config, flatten_weights(load_network(trained)))
    assert response.content == expected
    assert client.get(f"/lab/weights/{trained.id}/2").status_code == 404


def test_without_a_worker_the_browser_is_told(
    client: Client, trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (trained.path / "weights.npy").unlink()

    def fail(*_: object) -> None:
        raise EngineError("no cluster")

    monkeypatch.setattr(routes.server().engine, "submit", fail)
    assert client.get(f"/lab/weights/{trained.id}/3").status_code == 503


def test_thirty_who_ask_for_the_same_have_it_read_once(client: Client, trained: Run) -> None:
    for _ in range(30):
        assert client.get(f"/lab/weights/{trained.id}/2").status_code == 200
    assert routes._pack.cache_info().misses == 1


def test_the_modules_files_are_served_by_their_version(client: Client) -> None:
    assert "main.js" in FILES
    for name, content in FILES.items():
        response = client.get(f"/lab/live/{VERSION}/{name}")
        assert response.content == content
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        assert response.headers["content-type"].startswith(kind)
        assert "immutable" in response.headers["cache-control"]
    assert client.get("/lab/live/older/main.js").status_code == 404
    assert client.get(f"/lab/live/{VERSION}/routes.py").status_code == 404


def test_every_import_of_the_module_is_a_file_of_it() -> None:
    imported = {
        name
        for content in FILES.values()
        for name in re.findall(r'from "\./([\w.]+)"', content.decode())
    }
    assert imported <= FILES.keys()
    assert FILES.keys() - imported == {"main.js", "live.css"}


@pytest.mark.parametrize("path", [f"/lab/live/{VERSION}/main.js", "/lab/weights/{run}/3"])
def test_the_door_guards_them(
    lab: Lab, trained: Run, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("DIGITLAB_CLASS_PASSWORD", "sesame")
    assert Client(Middleware(Door)).get(path.format(run=trained.id)).status_code == 403


def test_a_run_that_has_gone_on_does_not_serve_another_epoch(
    client: Client, trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its network is kept by a browser for good as that of the epoch that was asked for."""
    (trained.path / "weights.npy").unlink()
    network = load_network(trained)
    monkeypatch.setattr("core.network.load.load_network_and_epoch", lambda run: (network, 2))
    assert client.get(f"/lab/weights/{trained.id}/3").status_code == 404
