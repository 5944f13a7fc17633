"""The HTML report in a real browser: what filters hide, what keys do, how wide it gets, and what hostile text cannot do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dpsync.model.report import Page, Report
from dpsync.reports import FORMATS
from reports.builders import EVERYTHING, HALF_APPLIED, INVALID, PAGES, thousand
from reports.test_hostile_text import hostile_report

selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
keys = pytest.importorskip("selenium.webdriver.common.keys").Keys

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW, PHONE, FIFTH = 1280, 1024, 360, 256
"""Widths of the window: a desk, four fifths of it, a telephone, and a fifth of the desk."""

ATTACKS = (
    '<img src=x onerror="window.hacked = 1">',
    "</script><script>window.hacked = 1</script>",
    '"><svg onload="window.hacked = 1">',
    "' autofocus onfocus='window.hacked = 1",
    "</details></main><form action='https://evil.example'><input type=submit>",
    "{{ 7 * 7 }} {% raw %} ${window.hacked = 1}",
    "<style>* { display: none }</style><meta http-equiv=refresh content='0;url=https://evil.example'>",
)

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(None in {CHROMIUM, DRIVER}, reason="chromium and its driver are not here"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = selenium.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    driver = selenium.Chrome(options=options, service=selenium.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


class Shown:
    """A report in the browser, and what can be asked of it."""

    def __init__(self, driver: Any, file: Path) -> None:
        self.driver = driver
        self.file = file
        self.window(WIDE)
        self.scheme("light")
        self.go()

    def go(self, anchor: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(f"file://{self.file}{anchor}")

    def window(self, width: int, height: int = 900) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def scheme(self, name: str) -> None:
        media = {"features": [{"name": "prefers-color-scheme", "value": name}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    def js(self, code: str, *arguments: object) -> Any:
        return self.driver.execute_script(code, *arguments)

    def settle(self) -> None:
        """Wait until what the page has put off is done."""
        self.driver.execute_async_script("setTimeout(() => requestAnimationFrame(arguments[0]), 0)")

    def visible(self) -> int:
        return int(self.js("return document.querySelectorAll('details.change:not([hidden])').length"))

    def status(self) -> str:
        return str(self.js("return document.getElementById('shown').textContent"))

    def tick(self, name: str, value: str) -> None:
        self.js(
            "[...document.querySelectorAll(`input[name='${arguments[0]}']`)]"
            ".find((box) => box.value === arguments[1]).click()",
            name,
            value,
        )

    def press(self, *typed: str) -> None:
        for key in typed:
            selenium.ActionChains(self.driver, duration=0).send_keys(key).perform()
        self.settle()

    def focused(self) -> str:
        return str(
            self.js("const e = document.activeElement; return e.id || e.closest('details')?.id || e.tagName")
        )

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Report], Path]:
    folder = tmp_path_factory.mktemp("pages")

    def file(name: str, report: Report) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            text = FORMATS["html"](replace(report, pages=PAGES), Page())
            path.write_text(text, encoding="utf-8")
        return path

    return file


@pytest.fixture
def everything(browser: Any, files: Callable[[str, Report], Path]) -> Shown:
    return Shown(browser, files("everything", EVERYTHING))


@pytest.fixture
def large(browser: Any, files: Callable[[str, Report], Path]) -> Shown:
    return Shown(browser, files("thousand", thousand()))


def test_the_filters_of_a_thousand_changes_hide_and_count(large: Shown) -> None:
    assert (large.visible(), large.status()) == (1000, "1,000 changes")
    large.tick("class", "access-removing")
    assert (large.visible(), large.status()) == (500, "500 of 1,000 changes")
    large.tick("class", "rename")
    assert large.visible() == 750
    large.js(
        "const s = document.forms.filters.elements.domain; s.value = 'Domain 01';"
        "s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert large.visible() == 50
    large.press("/", "product 9", "61")
    assert (large.visible(), large.status()) == (1, "1 of 1,000 changes")
    large.press(keys.ESCAPE)
    assert large.status() == "1,000 changes"


def test_a_filter_that_nothing_fits_says_so_and_can_be_taken_back(large: Shown) -> None:
    large.press("/", "no such thing anywhere")
    assert large.status() == "0 of 1,000 changes"
    button = large.driver.find_element("css selector", "#none button")
    assert button.is_displayed()
    button.click()
    assert large.visible() == 1000
    assert not button.is_displayed()


def test_text_is_found_in_what_is_folded(everything: Shown) -> None:
    everything.press("/", "fiscal year")
    assert everything.visible() == 1
    assert (
        everything.js("return document.querySelector('details.change:not([hidden])').id")
        == "DataProduct/na-sales"
    )


def test_a_heading_without_changes_is_hidden(everything: Shown) -> None:
    everything.tick("kind", "RequestForm")
    headings = (
        "return [...document.querySelectorAll('.group h3')].filter((one) => one.checkVisibility()).length"
    )
    assert everything.js(headings) == 0


@pytest.mark.parametrize("width", [WIDE, NARROW, PHONE, FIFTH])
@pytest.mark.parametrize("name", ["thousand", "everything", "hostile", "half-applied", "invalid"])
def test_nothing_is_wider_than_the_window(
    browser: Any, files: Callable[[str, Report], Path], name: str, width: int
) -> None:
    long = "Unbreakable" * 40
    reports: dict[str, Callable[[], Report]] = {
        "thousand": thousand,
        "everything": lambda: EVERYTHING,
        "hostile": lambda: hostile_report(long),
        "half-applied": lambda: HALF_APPLIED,
        "invalid": lambda: INVALID,
    }
    shown = Shown(browser, files(name, reports[name]()))
    shown.window(width)
    shown.js(
        "for (const one of document.querySelectorAll('details')) one.open = true;"
        "for (const one of [...document.querySelectorAll('.change')].slice(0, 40)) one.style.contentVisibility = 'visible'"
    )
    assert shown.js("return document.documentElement.scrollWidth") <= width
    out = shown.js(
        "return [...document.querySelectorAll('header *, form *, .note *, footer *, .group:first-of-type .change:nth-of-type(-n+40) *')]"
        ".filter((e) => !e.matches('.unseen') && e.getBoundingClientRect().right > innerWidth + 1)"
        ".slice(0, 5).map((e) => e.outerHTML.slice(0, 200))"
    )
    assert out == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_stay_text(browser: Any, tmp_path: Path, attack: str) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(FORMATS["html"](hostile_report(attack), Page()), encoding="utf-8")
    shown = Shown(browser, file)
    shown.complaints()
    shown.js("for (const one of document.querySelectorAll('details')) one.open = true")
    shown.press("/", "a", keys.ESCAPE, "j", keys.ENTER)
    assert shown.js("return window.hacked") is None
    assert shown.js("return document.scripts.length") == 1
    assert (
        shown.js("return document.querySelectorAll('img, svg, iframe, object, link, style + style').length")
        == 0
    )
    assert shown.js("return document.querySelectorAll('form').length") == 1
    assert attack in shown.js("return document.querySelector('.title').textContent")
    assert shown.complaints() == []


def test_the_policy_lets_nothing_run_or_load_that_was_not_in_the_page(everything: Shown) -> None:
    everything.complaints()
    everything.js(
        "const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s);"
        "const i = document.createElement('img'); i.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='; document.body.append(i);"
        "document.body.setAttribute('style', 'display: none')"
    )
    assert everything.js("return window.hacked") is None
    assert everything.js("return getComputedStyle(document.body).display") != "none"
    told = " ".join(everything.complaints())
    assert "script-src" in told
    assert "default-src" in told
    assert "style-src" in told


def test_the_page_asks_for_nothing(everything: Shown) -> None:
    assert everything.js("return performance.getEntriesByType('resource').length") == 0
    assert everything.complaints() == []


def test_everything_can_be_done_with_the_keyboard(everything: Shown) -> None:
    everything.press(keys.TAB)
    assert everything.js("return document.activeElement.className") == "skip"
    everything.press("j")
    first = everything.focused()
    assert first == "RequestForm/strict"
    everything.press(keys.ENTER)
    assert everything.js("return document.getElementById(arguments[0]).open", first)
    everything.press("j")
    assert everything.focused() == "DataProduct/na-sales"
    everything.press("k", "k")
    assert everything.focused() == first
    everything.press("/")
    assert everything.focused() == "find"
    everything.press("jk")
    assert everything.js("return document.getElementById('find').value") == "jk"
    everything.press(keys.ESCAPE)
    assert everything.focused() != "find"
    everything.js("document.querySelector('.tick input').focus()")
    everything.press(keys.SPACE)
    assert everything.status() == "5 of 12 changes"


def test_an_address_opens_one_change_also_if_a_filter_hides_it(large: Shown) -> None:
    large.go("#DataProduct/product-0500")
    large.settle()
    assert large.js("return document.getElementById('DataProduct/product-0500').open")
    assert large.focused() == "DataProduct/product-0500"
    large.tick("class", "rename")
    large.js("location.hash = '#DataProduct/product-0002'")
    large.settle()
    assert large.js("return document.getElementById('DataProduct/product-0002').checkVisibility()")


def test_on_paper_everything_stands_open_and_nothing_to_click(everything: Shown) -> None:
    before = everything.js("return document.querySelectorAll('details[open]').length")
    everything.js("dispatchEvent(new Event('beforeprint'))")
    assert everything.js("return document.querySelectorAll('main details:not([open])').length") == 0
    everything.js("dispatchEvent(new Event('afterprint'))")
    assert everything.js("return document.querySelectorAll('details[open]').length") == before
    everything.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not everything.js("return document.getElementById('filters').checkVisibility()")
    everything.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert len(everything.driver.execute_cdp_cmd("Page.printToPDF", {})["data"]) > 10_000


CONTRAST = """
const parts = (c) => c.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const ground = (e) => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; }
  return [255, 255, 255]; };
const found = new Map();
for (const e of document.querySelectorAll('body *')) {
  if (!e.checkVisibility() || e.matches('.unseen, .skip, .zero *')) continue;
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  const [a, b] = [light(parts(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
  const ratio = (a + .05) / (b + .05);
  if (ratio < 4.5) found.set(`${e.tagName}.${e.className}`, ratio.toFixed(2));
}
return [...found];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("report", [EVERYTHING, HALF_APPLIED, INVALID], ids=["plan", "apply", "validate"])
def test_every_text_can_be_read_in_both_schemes(
    browser: Any, tmp_path: Path, scheme: str, report: Report
) -> None:
    file = tmp_path / "page.html"
    file.write_text(FORMATS["html"](replace(report, pages=PAGES), Page()), encoding="utf-8")
    shown = Shown(browser, file)
    shown.scheme(scheme)
    shown.js("for (const one of document.querySelectorAll('details')) one.open = true")
    shown.js(
        "for (const one of document.querySelectorAll('.change')) one.style.contentVisibility = 'visible'"
    )
    assert shown.js(CONTRAST) == []
    ground = shown.js("return getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") == (scheme == "dark")


def test_without_its_script_everything_can_be_read_and_only_the_filters_are_missing(
    browser: Any, files: Callable[[str, Report], Path]
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"file://{files('everything', EVERYTHING)}")
        body = browser.find_element("css selector", "body").get_attribute("textContent")
        assert not browser.find_element("css selector", "#filters").is_displayed()
        assert "All sales records from the current fiscal year" in body
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
