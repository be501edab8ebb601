"""Who may import whom, what loads what, and how large a thing may be."""

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
CORE = sorted((ROOT / "core").rglob("*.py"))
DASHBOARD = sorted((ROOT / "dashboard").rglob("*.py"))

PAGE = {
    "core.config",
    "core.runs",
    "dashboard.charts",
    "dashboard.parts",
    "dashboard.session",
    "dashboard.text",
}
"""What every page may import."""

ALLOWED = {
    "core.config": set(),
    "core.data": {"core.config"},
    "core.analysis": {"core.config"},
    "core.course": {
        "core.config",
        "core.data",
        "core.analysis",
        "core.runs",
        "core.maps",
        "core.drawing",
    },
    "core.runs": {"core.config", "core.data", "core.analysis"},
    "core.network": {"core.config", "core.data", "core.runs"},
    "core.training": {"core.config", "core.data", "core.analysis", "core.runs", "core.network"},
    "core.maps": {"core.config", "core.data", "core.runs", "core.network"},
    "core.drawing": {"core.config", "core.data", "core.analysis", "core.runs", "core.network"},
    "core.export": {"core.config", "core.runs", "core.training"},
    "core.engine": {
        "core.config",
        "core.data",
        "core.runs",
        "core.network",
        "core.training",
        "core.maps",
        "core.drawing",
    },
    "core.sweep": {"core.config", "core.runs", "core.engine"},
    "core.command_line": {
        "core.config",
        "core.runs",
        "core.training",
        "core.sweep",
        "core.course",
    },
    "core.__main__": {"core.config", "core.runs", "core.sweep", "core.command_line"},
    "dashboard.text": set(),
    "dashboard.access": {"core.config", "core.runs", "core.sweep"},
    "dashboard.charts": {"core.config", "core.data", "core.runs", "core.maps", "dashboard.text"},
    "dashboard.session": {
        "core.config",
        "core.analysis",
        "core.runs",
        "core.drawing",
        "core.engine",
        "core.sweep",
        "core.course",
        "dashboard.text",
    },
    "dashboard.course": {
        "core.course",
        "core.drawing",
        "core.maps",
        "core.runs",
        "dashboard.access",
        "dashboard.session",
        "dashboard.text",
    },
    "dashboard.live": {
        "core.config",
        "core.data",
        "core.runs",
        "core.drawing",
        "core.engine",
        "dashboard.access",
        "dashboard.charts",
        "dashboard.session",
    },
    "dashboard.parts": {
        "core.config",
        "core.data",
        "core.analysis",
        "core.course",
        "core.runs",
        "core.engine",
        "dashboard.text",
        "dashboard.access",
        "dashboard.charts",
        "dashboard.session",
    },
    "dashboard.app_pages.classroom": {"core.config", "dashboard.access", "dashboard.text"},
    "dashboard.app_pages.compare": PAGE | {"core.data", "core.analysis"},
    "dashboard.app_pages.curves": PAGE | {"core.engine"},
    "dashboard.app_pages.data": PAGE | {"core.data", "core.engine"},
    "dashboard.app_pages.draw": PAGE
    | {
        "core.data",
        "core.analysis",
        "core.maps",
        "core.drawing",
        "core.engine",
        "dashboard.access",
        "dashboard.live",
    },
    "dashboard.app_pages.evaluate": PAGE | {"core.data", "core.analysis"},
    "dashboard.app_pages.features": PAGE
    | {"core.data", "core.maps", "core.engine", "dashboard.access"},
    "dashboard.app_pages.layers": PAGE | {"core.data", "core.engine", "dashboard.live"},
    "dashboard.app_pages.learn": PAGE
    | {"core.course", "core.engine", "dashboard.access", "dashboard.course"},
    "dashboard.app_pages.runs": PAGE | {"core.export", "dashboard.access", "dashboard.menu"},
    "dashboard.app_pages.sweep": PAGE | {"core.sweep", "dashboard.access"},
    "dashboard.app_pages.train": PAGE
    | {
        "core.data",
        "core.analysis",
        "core.drawing",
        "dashboard.access",
        "dashboard.live",
    },
    "dashboard.menu": {"dashboard.access"},
    "dashboard.main": {
        "dashboard.access",
        "dashboard.course",
        "dashboard.menu",
        "dashboard.parts",
        "dashboard.session",
    },
    "dashboard.app": {
        "core.config",
        "core.data",
        "dashboard.text",
        "dashboard.access",
        "dashboard.menu",
        "dashboard.session",
        "dashboard.live",
        "dashboard.parts",
    },
    "dashboard.run_class": {"core.config", "core.runs", "dashboard.access", "dashboard.app"},
}
"""By folder, or module of the top level: the others that it may import."""


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


def find_entry(name: str) -> str:
    """The entry of ALLOWED that a module, or an object in one, belongs to; "" if to none."""
    while name and name not in ALLOWED:
        name = name.rpartition(".")[0]
    return name


def find_arrows() -> dict[str, set[str]]:
    """By entry of ALLOWED: the other entries that are imported."""
    arrows = defaultdict(set)
    for file in CORE + DASHBOARD:
        entry = find_entry(name_module(file))
        names = imported_names(file.read_text(), ".".join(file.relative_to(ROOT).parts[:-1]))
        arrows[entry] |= {find_entry(name) for name in names} - {entry, ""}
    return arrows


def name_module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def find_core_modules_that_load_keras() -> set[str]:
    """Those that import it, or a module that does; and those below a package that does."""
    loading = {"tensorflow", "keras"}
    while more := {
        name
        for file in CORE
        if (name := name_module(file)) not in loading
        and (name.rpartition(".")[0] in loading or find_imports([file], loading, only_on_load=True))
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


def test_every_folder_is_in_the_table() -> None:
    packages = {"core", "dashboard", "dashboard.app_pages"}
    modules = {name_module(file) for file in CORE + DASHBOARD} - packages
    assert {name for name in modules if not find_entry(name)} == set()
    assert ALLOWED.keys() - {find_entry(name) for name in modules} == set()


def test_nothing_is_imported_but_what_the_table_allows() -> None:
    arrows = find_arrows()
    assert arrows["core.training"]
    assert [
        f"{entry} imports {other}"
        for entry, others in arrows.items()
        for other in sorted(others - ALLOWED.get(entry, set()))
    ] == []


def test_the_table_allows_no_more_than_is_needed() -> None:
    arrows = find_arrows()
    assert [
        f"{entry} need not import {other}"
        for entry, others in ALLOWED.items()
        for other in sorted(others - arrows[entry] - (PAGE if "app_pages" in entry else set()))
    ] == []


def test_no_arrow_of_the_table_goes_in_a_circle() -> None:
    TopologicalSorter(ALLOWED).prepare()


def test_the_engine_reaches_networks_in_two_modules_only() -> None:
    """Any other is imported where there is no Keras."""
    files = (ROOT / "core" / "engine").glob("*.py")
    others = [file for file in files if file.name not in {"calls.py", "worker.py"}]
    networks = [f"core.{folder}" for folder in ("network", "training", "maps", "drawing")]
    assert find_imports(others, networks) == []


def test_core_does_not_know_streamlit() -> None:
    assert find_imports(CORE, ["streamlit"]) == []


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
    study = ROOT / "core" / "sweep" / "study.py"
    assert find_imports([study], ["optuna"])
    others = [file for file in CORE + DASHBOARD if file != study]
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


def test_keras_is_the_release_that_the_loops_are_written_for() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    (pinned,) = [Requirement(line) for line in lines if line.startswith("keras")]
    assert pinned.specifier.contains(version("keras"))
    assert not pinned.specifier.contains("3.16.0")


def test_no_folder_has_more_than_sixteen_modules() -> None:
    folders = Counter(file.parent for file in CORE + DASHBOARD if file.name != "__init__.py")
    assert {folder: count for folder, count in folders.items() if count > 16} == {}


def test_no_module_has_more_than_four_hundred_lines() -> None:
    files = [*CORE, *DASHBOARD, *(ROOT / "dashboard").rglob("*.js")]
    lines = {str(file): len(file.read_text().splitlines()) for file in files}
    assert {name: count for name, count in lines.items() if count > 400} == {}


def test_no_function_has_more_than_sixty_lines() -> None:
    functions = {
        f"{name_module(file)}.{node.name}": node.end_lineno - node.lineno + 1
        for file in CORE + DASHBOARD
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in functions.items() if count > 60} == {}


def test_what_runs_apart_is_where_make_test_looks_for_it() -> None:
    (line,) = (line for line in (ROOT / "Makefile").read_text().splitlines() if "-m apart" in line)
    folders = [ROOT / folder for folder in line.partition("-m apart")[2].split()]
    assert len(folders) == 2
    mark = ".".join(("pytest", "mark", "apart"))  # not written out, or this file would have it too
    marked = [file for file in (ROOT / "tests").rglob("*.py") if mark in file.read_text()]
    assert marked
    for file in marked:
        assert any(folder in file.parents for folder in folders), file
