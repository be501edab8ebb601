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

# Petroff, "Accessible color sequences for data visualization" (2021), ten colours.
CLASS_COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""The colour of each digit, 0 to 9, wherever digits are told apart."""
