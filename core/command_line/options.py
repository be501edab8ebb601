"""A run's configuration as options of a command line: a preset, and every hyperparameter."""

import argparse
from enum import StrEnum
from typing import Any, get_args

from core.config import PRESETS, Bounds, RunConfig, bounds, field_text, parse_config


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add `--preset` and an option for every hyperparameter."""
    parser.add_argument("--preset", choices=PRESETS, metavar="NAME", help=", ".join(PRESETS))
    for name, field in RunConfig.model_fields.items():
        # Kept as texts: RunConfig reads and judges them, here as everywhere.
        parser.add_argument(
            "--" + name.replace("_", "-"),
            default=argparse.SUPPRESS,
            nargs="*" if name == "hidden" else None,
            metavar=_form(name, field.annotation),
            help=f"{field.description} Default: {field_text(field.default)}.".replace("%", "%%"),
        )


def read_config(options: argparse.Namespace, parser: argparse.ArgumentParser) -> RunConfig:
    """The configuration that the options say; `parser.error` with a sentence if one is wrong."""
    given = {name: value for name, value in vars(options).items() if name in RunConfig.model_fields}
    base = PRESETS[options.preset].model_dump() if options.preset else {}
    if "hidden" in given:
        given["hidden"] = " ".join(given["hidden"])  # 512 256 as well as 512-256
    config, wrong = parse_config(base | given)
    if wrong:
        name, sentence = next(iter(wrong.items()))
        parser.error(f"--{name.replace('_', '-')}: {sentence}")
    return config


def _form(name: str, annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "{" + ",".join(annotation) + "}"
    if annotation is bool:
        return "{on,off}"
    limits: Bounds = bounds(name)
    return f"{'WIDTH ' if get_args(annotation) else ''}{limits}".replace(" ", "-")
