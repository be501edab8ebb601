"""The command line: `python -m core train`, `runs`, `diagnose`, `presets`, `sweep`, `lessons`."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from core.command_line.diagnose import add_diagnose
from core.command_line.lessons import add_lessons
from core.command_line.lists import list_presets, list_runs
from core.command_line.sweep import add_sweep
from core.command_line.terminal import printable
from core.command_line.train import add_train
from core.config.settings import SettingsError, settings
from core.runs.errors import RunError
from core.sweep.store import SweepError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One clear sentence, without the usage in front of it."""
        self.exit(2, f"{self.prog}: {printable(message)}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = _Parser(prog="python -m core", description="Digit Lab on the command line.")
    commands = parser.add_subparsers(
        required=True, metavar="train | runs | diagnose | presets | sweep | lessons"
    )
    add_train(commands.add_parser("train", help="train a run here and now, with a progress bar"))
    commands.add_parser("runs", help="list the runs").set_defaults(command=list_runs)
    add_diagnose(commands.add_parser("diagnose", help="say what happened in a run"))
    commands.add_parser("presets", help="print the presets").set_defaults(command=list_presets)
    add_sweep(commands.add_parser("sweep", help="search hyperparameters, a run for each trial"))
    add_lessons(commands.add_parser("lessons", help="list the lessons, and check one's own"))
    options = parser.parse_args(arguments)
    try:
        settings()  # a wrong one is said before TensorFlow is waited for
        return int(options.command(options, parser))
    except (RunError, SweepError, SettingsError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, f"{parser.prog}: interrupted\n")


if __name__ == "__main__":
    sys.exit(main())
