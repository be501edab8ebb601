"""The functions that pages ask of a worker: each calls what its docstring names, and that alone."""

import importlib
import inspect

import pytest

from core.engine import calls

FUNCTIONS = [
    function
    for _, function in inspect.getmembers(calls, inspect.isfunction)
    if function.__module__ == calls.__name__
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_call_passes_on_its_arguments(function: object, monkeypatch: pytest.MonkeyPatch) -> None:
    module_name, _, name = inspect.getdoc(function).strip("`").rpartition(".")
    module = importlib.import_module(module_name)
    asked = inspect.signature(function)
    called = inspect.signature(getattr(module, name))
    assert list(asked.parameters) == list(called.parameters)[: len(asked.parameters)]
    assert asked.return_annotation == called.return_annotation
    monkeypatch.setattr(module, name, lambda *args: args)
    arguments = tuple(object() for _ in asked.parameters)
    given = function(*arguments)
    assert given in (arguments, None)  # None of a call that returns nothing


def test_there_are_calls() -> None:
    assert calls.layer_table in FUNCTIONS
