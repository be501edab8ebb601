"""`python -m core diagnose RUN`: what happened in a run, a finding a line."""

import argparse
from contextlib import suppress

from core.command_line.terminal import printable
from core.runs import RunStore
from core.runs.diagnosis.diagnose_run import diagnose_run
from core.runs.errors import RunNotFoundError
from core.runs.summary import summarize


def add_diagnose(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `diagnose`."""
    parser.add_argument("run", help="the run's id, as `python -m core runs` prints it")
    parser.set_defaults(command=_print_findings)


def _print_findings(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Print `kind: sentence` of each finding, most important first. Raises RunError."""
    store = RunStore()
    run = store.get(options.run)
    others = []
    for other in store.list():
        with suppress(RunNotFoundError):  # deleted since it was listed
            others.append(summarize(other))
    findings = diagnose_run(run, others)
    for finding in findings:
        print(printable(f"{finding.kind}: {finding.sentence}"))
    if not findings:
        print(printable(f"{run.name} has not ended its first epoch"))
    return 0
