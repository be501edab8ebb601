"""The themes' colours, and the contrast of two colours."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
BACKGROUNDS = {theme: THEME[theme]["backgroundColor"] for theme in ("dark", "light")}


def parts(color: str) -> np.ndarray:
    """Red, green and blue of `#rrggbb`, 0 to 255."""
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)])


def linear(colors: Sequence[str]) -> np.ndarray:
    """Linear red, green and blue, from 0 to 1, of `#rrggbb`: (n, 3)."""
    shares = np.array([parts(color) for color in colors]) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def contrast(color: str, background: str) -> float:
    """As the Web Content Accessibility Guidelines define it."""
    luminances = linear([color, background]) @ [0.2126, 0.7152, 0.0722] + 0.05
    return float(luminances.max() / luminances.min())


def mix(color: str, share: float, background: str) -> str:
    """The colour that is seen where so much of `color` lies over the background."""
    mixed = np.rint(share * parts(color) + (1 - share) * parts(background)).astype(int)
    return "#" + "".join(f"{part:02x}" for part in mixed)
