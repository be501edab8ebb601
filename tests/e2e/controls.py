"""A browser and Streamlit's controls, used as a person does."""

import re
from collections import defaultdict
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect

_errors: dict[Page | None, list[str]] = defaultdict(list)
"""What the browser said went wrong, by page."""


def new_context(browser: Browser, **options: object) -> BrowserContext:
    """A browser of its own, that fails where what it waits for has not come after 30 s."""
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 1000}} | options)
    context.set_default_timeout(30_000)
    context.on("weberror", lambda error: _errors[error.page].append(str(error.error)))
    context.on(
        "console", lambda line: _errors[line.page].append(line.text) if line.type == "error" else 0
    )
    return context


def describe(page: Page) -> str:
    """What the page shows, what the browser said went wrong in it, and whether it still answers."""
    said = "\n".join(["The browser's errors:", *_errors[page]]) if _errors[page] else ""
    try:
        page.wait_for_function("true", polling=50, timeout=5_000)
        draws = page.evaluate(
            "new Promise((tell) => {"
            " requestAnimationFrame(() => tell(true)); setTimeout(() => tell(false), 5_000) })"
        )
        shown = page.locator("body").inner_text(timeout=5_000)
    except Error as error:  # in 5 s
        return f"It does not answer: {error}\n{said}"
    return f"{'' if draws else 'It draws no frame within 5 s.'}\n{shown}\n{said}"


def forget(page: Page) -> None:
    """Have the page's browser remember nothing: no cookie, no storage, nothing to refuse."""
    if page.url.startswith("http"):
        page.goto(urljoin(page.url, "/_stcore/health"))  # a word, and no script that could write
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.context.clear_cookies()
    page.unroute_all()
    page.emulate_media(reduced_motion="null")
    page.mouse.up()
    page.mouse.move(0, 0)
    _errors.pop(page, None)


def await_controls(page: Page) -> None:
    """Wait for controls whose code the browser is still fetching.

    They are drawn as lower placeholders, so that what is below them moves when they come: a click
    may then begin on one thing and end on another.
    """
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def button(page: Page, name: str) -> Locator:
    """The page's button of this name.

    Not Streamlit's own in the header, which has a Stop of its own while a page takes long to run.
    """
    found = page.get_by_role("button", name=name, exact=True)
    return found.and_(page.locator(":not([kind='header'])"))


def press(page: Page, name: str) -> None:
    """Press the button of this name, once it stands still."""
    click(button(page, name))


def press_train(page: Page) -> None:
    """Press the Train page's button; a series of its curves has the same name."""
    click(page.locator(".st-key-train").get_by_role("button"))


def click(target: Locator) -> None:
    """Click it, once it stands still; of a page that is not drawn yet, no control is missing."""
    expect(target).to_be_visible()
    await_controls(target.page)
    target.click()


def pick(page: Page, label: str, text: str) -> None:
    """Pick the option that begins with `text`, by typing it.

    A long list draws only the options in sight, so that one further down could not be clicked.
    """
    page.get_by_role("combobox", name=label, exact=True).fill(text)
    page.get_by_role("option", name=re.compile(f"^{re.escape(text)}")).click()
