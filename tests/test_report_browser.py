"""Reports in Chromium: nothing is loaded, nothing fails, and they are accessible."""

import shutil
from dataclasses import replace

import pytest
from made_reports import hostile_run
from test_interactions import CROSSED

from simnet.studies import run_study

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SIZES = {"light": (1100, "light"), "dark": (1100, "dark"), "phone": (375, "light")}


@pytest.fixture(scope="module", name="browser")
def _browser():
    sync = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium; install it with: make browser")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", name="path")
def _path(tmp_path_factory):
    return hostile_run(tmp_path_factory.mktemp("runs")).report(figures=False).path


@pytest.fixture(name="opened")
def _opened(browser, path):
    """Open the page and wait until its figures are drawn; returns what happened meanwhile."""
    contexts = []

    def open_page(width=1100, scheme="light"):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        happened = []
        page.on("console", lambda message: happened.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: happened.append(f"error: {error}"))
        page.on("request", lambda request: happened.append(f"request: {request.url}"))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn=yes]")
        return page, happened

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", SIZES)
def test_the_page_loads_nothing_fails_nowhere_and_is_accessible(name, opened, path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, happened = opened(*SIZES[name])
    assert happened == [f"request: {path.as_uri()}"]
    assert page.title() != "owned"
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[name][0]
    drawn = page.locator("figure .vega-embed svg").count()
    assert drawn == page.locator("figure").count() == 5
    faults = axe.run(page).response["violations"]
    serious = [one["id"] for one in faults if one["impact"] in {"serious", "critical"}]
    assert serious == []


@pytest.mark.parametrize(
    ("suffix", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("csv", b"hours,until,kind")]
)
def test_a_figure_is_saved_with_one_click(suffix, begins, opened):
    page, _ = opened()
    with page.expect_download() as download:
        page.click(f"a[data-figure=time-line][data-suffix={suffix}]")
    assert download.value.suggested_filename == f"time-line.{suffix}"
    assert download.value.path().read_bytes().startswith(begins)


def test_the_page_can_be_read_without_scripts(browser, path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("figure svg").count() == 5
    assert page.locator("figure svg").first.is_visible()
    context.close()


def test_figures_have_tooltips_with_the_texts_of_the_record_as_they_are(opened):
    page, happened = opened()
    page.locator("#figure-network .vega-embed .mark-symbol.role-mark path").last.hover(force=True)
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "cohort" in page.inner_text("#vg-tooltip-element")
    assert page.title() != "owned"
    assert not [line for line in happened if line.startswith("error")]


def test_the_page_can_be_printed(opened):
    page, _ = opened()
    assert page.pdf().startswith(b"%PDF")


def test_a_printed_page_cuts_nothing_off(opened):
    page, _ = opened(600)
    page.emulate_media(media="print")
    blocks = "[...document.querySelectorAll('pre, .tiles dd')]"
    cut = page.evaluate(f"{blocks}.filter((one) => one.scrollWidth > one.clientWidth).length")
    assert cut == 0


def test_the_page_of_a_study_is_printed_whole_and_names_all_comparisons(browser, tmp_path):
    study = replace(CROSSED, seeds=range(2))
    path = run_study(study, tmp_path / "s", ray=False).report(figures=False).path
    page = browser.new_context(viewport={"width": 700, "height": 900}).new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn=yes]")
    texts = page.locator("figure .vega-embed svg text").all_text_contents()
    assert any("at pull=2 less at pull=1" in text for text in texts)
    assert not [text for text in texts if "…" in text]
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    page.context.close()
