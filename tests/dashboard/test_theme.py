"""Every colour of text on every background that Streamlit puts it on: at least 4.5 to 1."""

import re

import pytest

from dashboard.parts import style
from tests.contrast import BACKGROUNDS, THEME, contrast, mix

ENOUGH = 4.5


@pytest.fixture(params=BACKGROUNDS)
def theme(request: pytest.FixtureRequest) -> dict[str, str]:
    return THEME[request.param]


@pytest.mark.parametrize("background", ["backgroundColor", "secondaryBackgroundColor"])
def test_text_can_be_read(theme: dict[str, str], background: str) -> None:
    ground = theme[background]
    assert contrast(theme["textColor"], ground) >= ENOUGH
    assert contrast(mix(theme["textColor"], 0.6, ground), ground) >= ENOUGH  # a caption
    assert contrast(theme["linkColor"], ground) >= ENOUGH


@pytest.mark.parametrize("background", ["backgroundColor", "secondaryBackgroundColor"])
@pytest.mark.parametrize("tint", [0.0, 0.1, 0.2])
def test_what_is_chosen_can_be_read(theme: dict[str, str], background: str, tint: float) -> None:
    """A slider's value, a tab; on its own tint a choice, and one under the mouse."""
    primary = theme["primaryColor"]
    assert contrast(primary, mix(primary, tint, theme[background])) >= ENOUGH


def test_white_can_be_read_on_what_is_filled(theme: dict[str, str]) -> None:
    fills = set(re.findall("background-color: (#[0-9A-F]{6})", style._STYLE))
    assert len(fills) == 2
    assert all(contrast("#FFFFFF", fill) >= ENOUGH for fill in fills)
    fill = min(fills, key=lambda fill: contrast("#FFFFFF", fill))  # that of a button at rest
    assert contrast(fill, theme["backgroundColor"]) >= 3
