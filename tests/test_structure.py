"""The directions of imports that the design fixes."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "dashboard" / "app_pages"
CORE = sorted((ROOT / "core").rglob("*.py"))
DASHBOARD = sorted((ROOT / "dashboard").rglob("*.py"))


def imported_names(source: str, package: str, only_on_load: bool = False) -> Iterator[str]:
    """The dotted name of every module or object that `source`, a module of `package`, imports.

    Wherever the import stands: at the top, in a function, or for type checking only; or only what
    is imported as soon as the module is.
    """
    tree = ast.parse(source)
    for node in tree.body if only_on_load else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def find_imports(
    files: Iterable[Path], forbidden: Iterable[str], only_on_load: bool = False
) -> list[str]:
    """Where `files` import one of the modules, or something below it."""
    found: list[str] = []
    for file in files:
        package = ".".join(file.relative_to(ROOT).parts[:-1])
        found += (
            f"{file.relative_to(ROOT)} imports {name}"
            for name in imported_names(file.read_text(), package, only_on_load)
            if any(f"{name}.".startswith(f"{module}.") for module in forbidden)
        )
    return found


def name_module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def find_core_modules_that_load_keras() -> set[str]:
    loading = {"tensorflow", "keras"}
    while more := {
        name_module(file)
        for file in CORE
        if name_module(file) not in loading and find_imports([file], loading, only_on_load=True)
    }:
        loading |= more
    return loading - {"tensorflow", "keras"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import keras", ["keras"]),
        ("import os, keras.layers as layers", ["os", "keras.layers"]),
        ("from core import network, runs", ["core.network", "core.runs"]),
        ("from core.network.build import build_model", ["core.network.build.build_model"]),
        ("from . import main", ["dashboard.parts.main"]),
        ("from ..app_pages.train import x", ["dashboard.app_pages.train.x"]),
        ("def f():\n    import tensorflow as tf", ["tensorflow"]),
        ("if TYPE_CHECKING:\n    from keras import Model", ["keras.Model"]),
        ("text = 'import keras'", []),
    ],
)
def test_imports_are_found(source: str, names: list[str]) -> None:
    assert list(imported_names(source, "dashboard.parts")) == names


def test_imports_on_load_are_told_from_later_ones() -> None:
    source = "import os\ndef f():\n    import keras"
    assert list(imported_names(source, "core", only_on_load=True)) == ["os"]


def test_there_is_something_to_look_at() -> None:
    assert ROOT / "core" / "engine" / "engine.py" in CORE
    assert ROOT / "dashboard" / "main.py" in DASHBOARD
    assert list(PAGES.glob("*/page.py"))
    assert find_imports(DASHBOARD, ["core"])


def test_core_knows_nothing_of_the_dashboard() -> None:
    assert find_imports(CORE, ["dashboard", "streamlit"]) == []


def test_nothing_imports_a_page() -> None:
    pages = [name_module(file) for file in PAGES.glob("*/page.py")]
    assert find_imports([*CORE, *DASHBOARD], pages) == []


def test_dashboard_does_not_load_keras() -> None:
    loading = find_core_modules_that_load_keras()
    assert {"core.network.build", "core.training", "core.training.loops"} <= loading
    assert find_imports(DASHBOARD, ["tensorflow", "keras", *loading]) == []


def test_charts_know_nothing_of_streamlit() -> None:
    charts = [
        file
        for file in DASHBOARD
        if file.parent.name == "charts" or file.stem.endswith(("_chart", "_charts"))
    ]
    assert len({file.parent for file in charts}) > 2
    assert find_imports(charts, ["streamlit"]) == []


def test_only_the_engine_and_its_workers_know_dask() -> None:
    engine = ROOT / "core" / "engine"
    assert find_imports([engine / "cluster.py"], ["distributed"])
    assert find_imports([engine / "queue.py"], ["dask", "distributed", "core.engine.cluster"]) == []
    others = [file for file in CORE + DASHBOARD if file.parent != engine]
    assert find_imports(others, ["dask", "distributed"]) == []


def test_only_sweeps_know_optuna() -> None:
    knowing = [ROOT / "core" / "sweep" / name for name in ("study.py", "figures.py")]
    assert all(find_imports([file], ["optuna"]) for file in knowing)
    others = [file for file in CORE + DASHBOARD if file not in knowing]
    assert find_imports(others, ["optuna"]) == []


def test_core_as_the_dashboard_imports_it_does_not_load_keras() -> None:
    """In a process of its own, in which nothing else has imported anything."""
    light = {name_module(file) for file in CORE} - find_core_modules_that_load_keras()
    assert {"core.engine", "core.runs", "core.config", "core.config.architecture"} <= light
    program = (
        f"import sys, {', '.join(sorted(light))}\n"
        "print(*{'tensorflow', 'keras'} & sys.modules.keys())"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.returncode, result.stdout.strip()) == (0, ""), result.stderr
