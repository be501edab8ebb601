"""Reads values that may be wrong, and says in a sentence what is wrong with each."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.config.run_config import RunConfig


def explain(error: ValidationError) -> dict[str, str]:
    """Each wrong field of a failed validation with one sentence that says what is wrong."""
    sentences: dict[str, str] = {}
    for detail in error.errors():
        name = str(detail["loc"][0]) if detail["loc"] else "configuration"
        if detail["type"] == "extra_forbidden":
            sentence = "nothing is called so"
            if error.title == RunConfig.__name__:
                known = ", ".join(RunConfig.model_fields)
                sentence = f"there is no hyperparameter of this name; choose from {known}"
        elif detail["type"] == "value_error":
            sentence = str(detail["ctx"]["error"])
        else:
            wanted = detail["msg"].removeprefix("Input should be ").split(",")[0]
            if detail["type"] == "int_parsing_size":
                wanted = "a valid integer"
            sentence = f"{detail['input']!r:.60} is not {wanted}"
            if detail["type"] == "enum":
                sentence = f"{detail['input']!r:.60} is unknown; choose {detail['ctx']['expected']}"
        sentences.setdefault(name, sentence)
    return sentences


def parse_config(values: Mapping[str, Any]) -> tuple[RunConfig, dict[str, str]]:
    """Read as much of `values` as is valid; return it with a sentence for each rejected field."""
    try:
        return RunConfig.model_validate(values), {}
    except ValidationError as error:
        wrong = explain(error)
    good = {name: value for name, value in values.items() if name not in wrong}
    return RunConfig.model_validate(good), wrong
