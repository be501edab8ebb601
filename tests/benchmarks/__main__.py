"""Every figure beside its target: `python -m tests.benchmarks`, or `make bench`.

Half an hour or so, on a machine that has nothing else to do. A topic alone:
`python -m tests.benchmarks epoch maps`; some have options of their own, such as
`python -m tests.benchmarks.load --sessions 30`.
"""

import sys
import time

from tests.benchmarks.report import print_head, run_topic, summarise

TOPICS = [
    "arithmetic",
    "epoch",
    "course",
    "maps",
    "start",
    "canvas",
    "memory",
    "growth",
    "pages",
    "load",
    "soak",
    "workers",
    "estimates",
]


def main(topics: list[str]) -> int:
    """Measure `topics`, or all; return 1 if one could not be measured."""
    started = time.monotonic()
    print_head()
    results = [run_topic(topic) for topic in topics or TOPICS]
    figures = [figure for result in results for figure in result or []]
    minutes = (time.monotonic() - started) / 60
    print(f"\n{summarise(figures)} Measured in {minutes:.0f} minutes.")
    return int(None in results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
