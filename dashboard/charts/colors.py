"""Colours that mean the same everywhere, told apart by the colour-blind too.

Okabe and Ito's palette (2008), with greys where it has black, so that both themes show it.
"""

SPLIT_COLORS = {
    "fitting": "#56B4E9",
    "train": "#0072B2",
    "validation": "#E69F00",
    "test": "#009E73",
}
NEUTRAL = "#7A8794"
