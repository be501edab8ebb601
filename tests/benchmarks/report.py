"""Figures beside their targets, as rows of a Markdown table, and what runs a topic's measuring."""

import importlib
import math
import os
import platform
import traceback
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path

_HEADER = "| figure | measured | target | |\n| --- | ---: | ---: | --- |"


@dataclass(frozen=True)
class Figure:
    """Something measured, and what it should be at most or at least, if that was decided."""

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None without one."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least

    def __str__(self) -> str:
        """A row of the table."""
        target = ""
        if self.at_most is not None:
            target = f"≤ {self._text(self.at_most)}"
        elif self.at_least is not None:
            target = f"≥ {self._text(self.at_least)}"
        verdict = {True: "met", False: "**missed**", None: ""}[self.met]
        return f"| {self.name} | {self._text(self.value)} | {target} | {verdict} |"

    def _text(self, value: float) -> str:
        if math.isnan(value):
            return "–"
        digits = 0 if value == int(value) or abs(value) >= 100 else 2 if abs(value) >= 0.1 else 3
        return f"{value:,.{digits}f} {self.unit}".rstrip()


def run_topic(topic: str, *arguments: object) -> list[Figure] | None:
    """Print what `tests.benchmarks.<topic>.measure(*arguments)` yields, and return it.

    In a process of its own, so that no topic finds what another has left. None if it failed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        try:
            figures = process.submit(_measure, topic, arguments).result()
        except Exception:
            traceback.print_exc()
            print(f"| {topic} could not be measured | | | **failed** |", flush=True)
            return None
    print(*figures, sep="\n", flush=True)
    return figures


def print_head() -> None:
    """Name the machine, and open the table."""
    print(f"{name_machine()}, {date.today():%d %B %Y}\n\n{_HEADER}", flush=True)


def name_machine() -> str:
    """Its system and its processor, such as "Linux, 2 cores of AMD EPYC"."""
    return f"{platform.system()}, {os.cpu_count()} cores of {_processor()}"


def summarise(figures: Iterable[Figure]) -> str:
    """How many targets were met, in a sentence."""
    verdicts = [figure.met for figure in figures if figure.met is not None]
    return f"{sum(verdicts)} of {len(verdicts)} targets met."


def _measure(topic: str, arguments: tuple[object, ...]) -> list[Figure]:
    return list(importlib.import_module(f"tests.benchmarks.{topic}").measure(*arguments))


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
