"""Plotly figures in a page: waited for until they stand still, and clicked where a point is drawn.

Who expects another figure than the one there is waits for its words first.
"""

from playwright.sync_api import Locator, Page, expect

from tests.e2e.controls import await_controls

# Where the chart has a point of these coordinates, in pixels of the window.
_PLACE = """(chart, [x, y]) => {
    const box = chart.getBoundingClientRect(), {xaxis, yaxis, _size} = chart._fullLayout
    return [box.left + _size.l + xaxis.l2p(x), box.top + _size.t + yaxis.l2p(y)]
}"""
_IMAGE = "(chart, place) => [chart._fullData[1].x[place], chart._fullData[1].y[place]]"


def settle(page: Page) -> None:
    """Wait until the page has run to its end, or it may be about to replace a figure."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    await_controls(page)


def figure(page: Page, key: str) -> Locator:
    """The figure of this key, once it stands still."""
    settle(page)
    found = page.locator(f".st-key-{key} .js-plotly-plot")
    expect(found).to_have_count(1)  # an older figure stays until the new one is drawn
    expect(found).to_be_visible()
    settle(page)
    return found


def click_point(page: Page, key: str, x: float, y: float) -> None:
    """Click the point of a figure that has these coordinates."""
    chart = figure(page, key)
    chart.scroll_into_view_if_needed()
    page.mouse.click(*chart.evaluate(_PLACE, [float(x), float(y)]))


def click_image(page: Page, key: str, place: int) -> None:
    """Click the `place`-th image, from 0, of a grid of images."""
    click_point(page, key, *figure(page, key).evaluate(_IMAGE, place))
