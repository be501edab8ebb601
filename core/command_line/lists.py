"""`python -m core runs` and `python -m core presets`: what there is, as text."""

import argparse

from rich.console import Console
from rich.table import Column, Table

from core.command_line.terminal import plain, printable
from core.config import PRESETS
from core.config.architecture import count_parameters
from core.runs import RunStore
from core.runs.errors import RunNotFoundError
from core.runs.status import State
from core.runs.summary import summarize


def list_runs(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print a table of all runs, then what is wrong with damaged ones."""
    store = RunStore()
    names = ("name", "owner", "state", "epochs", "test accuracy", "seconds")
    table = Table(Column("run", no_wrap=True), *names, box=None)
    reasons = []
    for run in store.list():
        try:
            summary = summarize(run)
        except RunNotFoundError:  # deleted since it was listed
            continue
        status, record, results = summary.status, summary.record, summary.results
        if record is None or status.state is State.DAMAGED:
            table.add_row(run.id, "", "", status.state, "", "", "", style="red")
            reasons.append(str(status.error))
            continue
        accuracy = "" if results.test_accuracy is None else f"{results.test_accuracy:.2%}"
        table.add_row(
            run.id,
            plain(summary.name),
            plain(record.owner),
            status.state,
            f"{results.epochs_done}/{record.config.epochs}",
            accuracy,
            f"{status.seconds:.0f}",
        )
    if table.row_count:
        Console().print(table)
    else:
        hint = "start one with: python -m core train --preset quick"
        print(printable(f"no runs in {store.root}; {hint}"))
    for reason in reasons:
        print(printable(reason))
    return 0


def list_presets(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print the presets, a line each."""
    for name, config in PRESETS.items():
        print(f"{name}: {count_parameters(config):,} parameters, {config.summary()}")
    return 0
