"""Colours that mean the same everywhere, told apart by the colour-blind too.

Splits have four of Okabe and Ito's colours (2008).
"""

import zlib
from collections.abc import Iterable

SPLIT_COLORS = {
    "fitting": "#56B4E9",
    "train": "#0072B2",
    "validation": "#E69F00",
    "test": "#009E73",
}
NEUTRAL = "#6F7E8C"

# The colours of runs and of digits resemble neither each other nor those above. Both were found by
# a search for colours that differ most to whichever eye they differ least: one of normal vision,
# or one without red, green or blue cones. Each has a contrast of 3 to either theme's background.
RUN_COLORS = (
    "#8312ff", "#ab9002", "#0f7f52", "#e75375", "#1ea4aa", "#b13b00", "#8c83ff", "#85547e",
)  # fmt: skip
"""For runs that are shown together; `run_colors` assigns them."""
CLASS_COLORS = (
    "#6ea25d", "#8d8ab2", "#ca0202", "#be808d", "#0097ff",
    "#6e6c49", "#b21e99", "#366e67", "#2052ff", "#fd5800",
)  # fmt: skip
"""The colour of each digit, 0 to 9, wherever digits are told apart, and of nothing else.

Digits that are often confused, such as 4 and 9, have colours that differ most.
"""


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
