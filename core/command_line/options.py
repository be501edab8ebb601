"""A run's configuration as options of a command line: a preset, and every hyperparameter."""

import argparse

from core.config import (
    PRESETS,
    ControlKind,
    Hyperparameter,
    RunConfig,
    field_text,
    hyperparameters,
    parse_config,
)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add `--preset` and an option for every hyperparameter."""
    parser.add_argument("--preset", choices=PRESETS, metavar="NAME", help=", ".join(PRESETS))
    for field in hyperparameters():
        # Kept as texts: RunConfig reads and judges them, here as everywhere.
        parser.add_argument(
            "--" + field.name.replace("_", "-"),
            default=argparse.SUPPRESS,
            nargs="*" if field.control is ControlKind.LAYERS else None,
            metavar=_form(field),
            help=f"{field.description} Default: {field_text(field.info.default)}.".replace(
                "%", "%%"
            ),
        )


def read_config(
    options: argparse.Namespace, parser: argparse.ArgumentParser, default: RunConfig | None = None
) -> RunConfig:
    """The configuration that the options say; `parser.error` with a sentence if one is wrong.

    What neither they nor a preset say is that of `default`.
    """
    given = {name: value for name, value in vars(options).items() if name in RunConfig.model_fields}
    preset = PRESETS[options.preset] if options.preset else default
    base = preset.model_dump() if preset else {}
    if "hidden" in given:
        given["hidden"] = " ".join(given["hidden"])  # 512 256 as well as 512-256
    config, wrong = parse_config(base | given)
    if wrong:
        name, sentence = next(iter(wrong.items()))
        parser.error(f"--{name.replace('_', '-')}: {sentence}")
    return config


def _form(field: Hyperparameter) -> str:
    if field.choices:
        return "{" + ",".join(field.choices) + "}"
    return f"{'' if field.is_number else 'WIDTH '}{field.bounds}".replace(" ", "-")
