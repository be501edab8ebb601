"""`python -m core runs` and `python -m core presets`: what there is, as text."""

import argparse
import sys

from rich.console import Console
from rich.table import Column, Table

from core.command_line.terminal import plain, printable
from core.config import PRESETS
from core.config.architecture import count_parameters
from core.runs import RunStore
from core.runs.errors import RunNotFoundError
from core.runs.status import State
from core.runs.summary import Results, summarize

_NO_LIMIT = 10_000
"""Columns of a terminal in which nothing is cut off."""


def list_runs(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print a table of all runs, then what is wrong with damaged ones."""
    store = RunStore()
    names = ("name", "owner", "state", "epochs", "test accuracy", "of epoch", "seconds")
    columns = [Column("run", no_wrap=True), *(Column(name, overflow="fold") for name in names)]
    table = Table(*columns, box=None, padding=(0, 1, 0, 0))
    reasons = []
    for run in store.list():
        try:
            summary = summarize(run)
        except RunNotFoundError:  # deleted since it was listed
            continue
        status, record, results = summary.status, summary.record, summary.results
        if record is None or status.state is State.DAMAGED:
            table.add_row(run.id, "", "", status.state, *[""] * 4, style="red")
            reasons.append(str(status.error))
            continue
        accuracy = "" if results.test_accuracy is None else f"{results.test_accuracy:.2%}"
        table.add_row(
            run.id,
            plain(summary.name),
            plain(record.owner),
            f"{status.state} ({results.ending})" if results.ending else status.state,
            f"{results.epochs_done}/{record.config.epochs}",
            accuracy,
            _describe_epoch(results),
            f"{status.seconds:.0f}",
        )
    if table.row_count:
        # A file or a pipe has no width: there, a run is a line.
        Console(width=None if sys.stdout.isatty() else _NO_LIMIT).print(table)
    else:
        hint = "start one with: python -m core train --preset quick"
        print(printable(f"no runs in {store.root}; {hint}"))
    for reason in reasons:
        print(printable(reason))
    return 0


def _describe_epoch(results: Results) -> str:
    """The epoch whose network has the test accuracy; the best one too, where it is another."""
    if results.network_epoch is None:
        return ""
    if results.network_epoch == results.best_epoch:
        return str(results.network_epoch)
    best = f"best {results.best_epoch}: {results.best_epoch_test_accuracy:.2%}"
    return f"{results.network_epoch} ({best})"


def list_presets(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print the presets, a line each."""
    for name, config in PRESETS.items():
        print(f"{name}: {count_parameters(config):,} parameters, {config.summary()}")
    return 0
