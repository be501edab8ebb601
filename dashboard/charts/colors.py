"""Colours that mean the same everywhere, told apart by the colour-blind too.

Okabe and Ito's palette (2008), with greys where it has black, so that both themes show it.
"""

import zlib
from collections.abc import Iterable

SPLIT_COLORS = {
    "fitting": "#56B4E9",
    "train": "#0072B2",
    "validation": "#E69F00",
    "test": "#009E73",
}
NEUTRAL = "#7A8794"

# Petroff, "Accessible color sequences for data visualization" (2021): six and ten colours; runs
# have the six, and two of the ten.
RUN_COLORS = (
    "#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd", "#a96b59", "#92dadd",
)  # fmt: skip
"""For runs that are shown together; `run_colors` assigns them."""
CLASS_COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""The colour of each digit, 0 to 9, wherever digits are told apart."""


def run_colors(run_ids: Iterable[str]) -> dict[str, str]:
    """A colour for each of up to eight runs: the same ones always get the same, in any order.

    A run has a colour of its own, by its id, and keeps it unless an older one shown has it too;
    then it takes the next that is free. Raises ValueError for more runs than colours.
    """
    colors: dict[str, str] = {}
    for run_id in sorted(set(run_ids)):
        first = zlib.crc32(run_id.encode()) % len(RUN_COLORS)
        free = [c for c in RUN_COLORS[first:] + RUN_COLORS[:first] if c not in colors.values()]
        if not free:
            raise ValueError(f"only {len(RUN_COLORS)} runs can be shown together; choose fewer")
        colors[run_id] = free[0]
    return colors
