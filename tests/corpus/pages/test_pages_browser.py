"""The pages in a real Chromium, over a corpus that a real run made."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from looking import look
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.timeout(600)

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()

#: Counts layout shifts that no key or click caused; it must stand before the page's own scripts.
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


def logged(browser) -> list[str]:
    """What the console said, but for the failed request of a page that is not there."""
    return [entry["message"] for entry in browser.get_log("browser") if "404 (Not Found)" not in entry["message"]]


def asked_hosts(browser) -> set[str]:
    """The hosts that were asked for anything since the last call."""
    hosts = set()
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            hosts.add(urlsplit(message["params"]["request"]["url"]).netloc)
    return hosts - {""}


def wait(browser, what, seconds=20):
    return WebDriverWait(browser, seconds, ignored_exceptions=(StaleElementReferenceException,)).until(
        lambda _browser: what()
    )


def seen(browser, selector: str):
    return [element for element in browser.find_elements(By.CSS_SELECTOR, selector) if element.is_displayed()]


def test_every_page_is_accessible_and_quiet_at_both_widths_in_both_schemes(browser, address, pages):
    """No console message, no other host, no serious axe violation, nothing wider than the screen, no layout shift."""
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SHIFTS})
    problems = []
    try:
        for name, page in (*pages.items(), ("no page", "/nothing")):
            for width, scheme in ((1280, "light"), (1280, "dark"), (375, "light"), (375, "dark")):
                look(browser, width, scheme)
                browser.get(address + page)
                where = f"{name}, {width} px, {scheme}"
                problems += [f"{where}: console: {message}" for message in logged(browser)]
                if (found := browser.execute_script("return document.documentElement.scrollWidth")) > width:
                    problems.append(f"{where}: {found} px wide")
                if (width, scheme) in ((1280, "light"), (375, "dark")):  # each width and each scheme once: it is slow
                    browser.execute_script(AXE)
                    violations = browser.execute_async_script(
                        "axe.run().then((found) => arguments[0](found.violations.map((v) => [v.impact, v.id, "
                        "v.nodes.length, v.nodes[0].html, v.nodes[0].failureSummary])))"
                    )
                    problems += [f"{where}: axe: {v}" for v in violations if v[0] in ("serious", "critical")]
                if (shifts := browser.execute_script("return window.shifts")) > 0.01:
                    problems.append(f"{where}: layout shift {shifts}")
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    assert not problems, "\n".join(problems)
    assert asked_hosts(browser) == {urlsplit(address).netloc}


def test_every_link_leads_somewhere(address):
    """All addresses that the pages name, followed to the end; only the editor's link leaves, and it has no address
    before its script ran."""
    waiting, met = ["/"], set()
    with httpx.Client(base_url=address, timeout=60) as client:
        while waiting and len(met) < 200:
            page = waiting.pop(0)
            answer = client.get(page)
            assert answer.status_code == 200, page
            for found in re.findall(r'(?:href|src|hx-get|sse-connect|data-graph)="([^"]*)"', answer.text):
                link = found.replace("&amp;", "&").partition("#")[0]
                assert link.startswith(("/", "?")) or not link, f"{page}: {link}"
                target = page.partition("?")[0] + link if link.startswith("?") else link
                if target and target not in met and not target.startswith(("/static", "/live/events")):
                    met.add(target)
                    waiting.append(target)
    kinds = {target.split("/")[1].partition("?")[0] for target in met}
    assert kinds >= {"theorems", "proofs", "attempts", "generations", "compare", "lineage", "snapshots", "live"}


def test_filters_work_are_in_the_address_and_the_back_button_undoes_them(browser, address, ask):
    browser.get(f"{address}/theorems")
    everything = ask("SELECT count(*) FROM theorem")
    assert f"of {everything:,}" in browser.find_element(By.CSS_SELECTOR, ".count").text
    Select(browser.find_element(By.ID, "status")).select_by_visible_text("proved")
    proved = ask("SELECT count(DISTINCT theorem_id) FROM proof")
    wait(browser, lambda: f"of {proved}" in browser.find_element(By.CSS_SELECTOR, ".count").text)
    wait(browser, lambda: browser.current_url == f"{address}/theorems?status=proved")
    name = browser.find_elements(By.CSS_SELECTOR, "#found tbody a")[-1].text
    browser.find_element(By.ID, "q").send_keys(name)
    wait(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#found tbody tr")) == 1)
    wait(browser, lambda: browser.current_url == f"{address}/theorems?q={name}&status=proved")
    browser.find_element(By.LINK_TEXT, name).click()
    wait(browser, lambda: browser.find_element(By.TAG_NAME, "h1").text == name)
    browser.back()
    wait(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#found tbody tr")) == 1)
    wait(browser, lambda: browser.find_element(By.ID, "q").get_attribute("value") == name)
    for _ in range(20):  # each pause in typing left an address
        browser.back()
        time.sleep(0.3)
        if browser.current_url == f"{address}/theorems":
            break
    wait(browser, lambda: f"of {everything:,}" in browser.find_element(By.CSS_SELECTOR, ".count").text)
    assert Select(browser.find_element(By.ID, "status")).first_selected_option.text == "any"
    assert not logged(browser)


def test_without_scripts_the_filters_and_the_steps_work_too(address, ask):
    proof = ask("SELECT id FROM proof ORDER BY length DESC LIMIT 1")
    length = ask(f"SELECT length FROM proof WHERE id = {proof}")
    with httpx.Client(base_url=address, timeout=60) as client:
        listed = client.get("/theorems", params={"status": "proved", "sort": "newest", "q": ""}).text
        assert f"of {ask('SELECT count(DISTINCT theorem_id) FROM proof')}" in listed
        last = client.get(f"/proofs/{proof}", params={"step": length}).text
    shown = re.findall(r'data-state="(\d+)"(?! hidden)', last)
    assert shown == [str(length)]


def test_the_arrow_keys_step_through_a_proof_and_mark_what_changed(browser, address, ask):
    proof = ask("SELECT id FROM proof ORDER BY length DESC LIMIT 1")
    length = ask(f"SELECT length FROM proof WHERE id = {proof}")
    assert length > 1
    browser.get(f"{address}/proofs/{proof}")
    wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "code.hljs"))
    body = browser.find_element(By.TAG_NAME, "body")
    for step in range(1, length + 1):
        body.send_keys(Keys.ARROW_RIGHT)
        (state,) = seen(browser, ".state")
        assert state.get_attribute("data-state") == str(step)
        assert browser.current_url.endswith(f"?step={step}")
    assert "Goals accomplished" in seen(browser, ".state")[0].text
    body.send_keys(Keys.ARROW_RIGHT)
    body.send_keys(Keys.ARROW_LEFT)
    assert seen(browser, ".state")[0].get_attribute("data-state") == str(length - 1)
    marked = browser.find_elements(By.CSS_SELECTOR, ".state ins, .hypothesis.inserted")
    assert marked, "no tactic changed anything"
    browser.find_element(By.CSS_SELECTOR, "[data-step='0']").click()
    assert seen(browser, ".state")[0].get_attribute("data-state") == "0"
    browser.refresh()
    assert browser.current_url.endswith("?step=0")
    assert not logged(browser)


def test_the_link_to_the_editor_holds_the_proof_and_nothing_is_asked_before_a_click(browser, address, ask):
    proof = ask("SELECT id FROM proof ORDER BY length DESC LIMIT 1")
    browser.get(f"{address}/proofs/{proof}")
    link = browser.find_element(By.ID, "live-lean")
    wait(browser, lambda: link.get_attribute("href"))
    href = link.get_attribute("href")
    assert href.startswith("https://live.lean-lang.org/#codez=")
    unpack = "return LZString.decompressFromBase64(decodeURIComponent(arguments[0]))"
    text = browser.execute_script(unpack, href.partition("codez=")[2])
    assert text == link.get_attribute("data-code") and "\nexample " in text
    assert browser.execute_script(unpack, "pXAAILwoiERA").startswith("Ω = ∑")  # as the editor's own tests pack it
    assert asked_hosts(browser) == {urlsplit(address).netloc}


def test_a_search_tree_folds_filters_and_is_drawn(browser, address, ask):
    attempt = ask(
        "SELECT attempt_id FROM search_tree JOIN attempt ON attempt.id = attempt_id WHERE proof_id IS NOT NULL "
        "ORDER BY states DESC LIMIT 1"
    )
    states = ask(f"SELECT states FROM search_tree WHERE attempt_id = {attempt}")
    browser.get(f"{address}/attempts/{attempt}")
    nodes = browser.find_elements(By.CSS_SELECTOR, ".node")
    assert len(nodes) == states > 2
    assert browser.find_elements(By.CSS_SELECTOR, ".node.solved") and browser.find_elements(By.CSS_SELECTOR, ".ended")
    browser.find_element(By.CSS_SELECTOR, "[data-fold='close']").click()
    assert len(seen(browser, ".node[open]")) == 1
    browser.find_element(By.CSS_SELECTOR, "[data-fold='open']").click()
    assert len(seen(browser, ".node[open]")) == states
    tactic = browser.execute_script("return document.querySelector('.node.solved .node.solved summary code').innerText")
    ActionChains(browser).send_keys("/").perform()
    browser.switch_to.active_element.send_keys(tactic)
    wait(browser, lambda: "states match" in browser.find_element(By.ID, "tree-count").text)
    shown = seen(browser, ".node")
    assert 0 < len(shown) <= states
    browser.find_element(By.CSS_SELECTOR, "[data-graph]").click()
    wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#graph canvas"))
    wait(browser, lambda: "Drag to move" in browser.find_element(By.ID, "graph-note").text)
    assert not logged(browser)  # the drawing's own style element would be refused, and said here
    assert asked_hosts(browser) == {urlsplit(address).netloc}


def test_motion_is_left_out_for_those_who_ask_for_it(browser, address):
    durations = {}
    for value in ("reduce", "no-preference"):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": value}]}
        )
        browser.get(address)
        script = "return getComputedStyle(document.querySelector('.top li a')).transitionDuration"
        durations[value] = browser.execute_script(script)
    assert durations["reduce"] == "0s" != durations["no-preference"]


def test_the_keyboard_alone_reaches_everything_in_its_order(browser, address):
    browser.get(address)
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element.text == "Skip to content"
    order = []
    for _ in range(9):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        order.append(browser.switch_to.active_element.text)
    assert order[:8] == [
        "lean-flywheel", "Overview", "Theorems", "Generations", "Compare", "Lineage", "Snapshots", "Live",
    ]  # fmt: skip
