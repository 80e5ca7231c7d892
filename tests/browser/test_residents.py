"""The page for residents in a browser: blocks are found, told and reached by keys; nothing is asked of the network."""

import pytest
from selenium.webdriver import ActionChains, Keys

import segregation_tools as sgt
from tests.browser.chromium import console_errors, requests_made, show, too_wide, until
from tests.planning.towns import Town

pytestmark = pytest.mark.browser

READY = (
    "return document.getElementById('map').dataset.ready === 'yes' && document.querySelectorAll('#map .block').length"
)


@pytest.fixture(scope="module")
def plan():
    return Town(blocks=120, schools=5).rezone(steps=60_000)


@pytest.fixture(scope="module")
def path(plan, tmp_path_factory):
    return sgt.standalone(plan, tmp_path_factory.mktemp("residents") / "page.html", title="A town")


def told(browser):
    return browser.find_element("id", "told").text


def says(plan, block, text):
    """Whether a text tells of a block what the plan says."""
    row = plan.to_frame().loc[block]
    schools = f"{row['school']}, today and in the plan."
    ways = [f"way to {row['school']} takes {row['minutes_now']:.0f} minutes"]
    if row["moved"]:
        schools = f"Today {row['current']}, in the plan {row['school']}."
        ways.append(f"way to {row['current']} takes {row['minutes_before']:.0f} minutes")
    return all(part in text for part in (block, schools, *ways))


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_a_block_is_found_by_its_name(browser, plan, path, look):
    show(browser, path, **look)
    assert until(lambda: browser.execute_script(READY)) == 120
    moved = plan.to_frame().query("moved").index[0]
    for block in ("B00007", moved):
        field = browser.find_element("id", "name")
        field.clear()
        field.send_keys(block.lower() + Keys.ENTER)
        assert says(plan, block, told(browser))
    field.clear()
    field.send_keys("nowhere" + Keys.ENTER)
    assert "nowhere" in told(browser)
    assert too_wide(browser) == 0
    assert console_errors(browser) == []
    assert requests_made(browser) == []


def test_keys_and_pointer_tell_of_the_block_they_are_at(browser, plan, path):
    show(browser, path)
    assert until(lambda: browser.execute_script(READY)) == 120
    browser.execute_script("document.getElementById('map').focus()")
    first = told(browser)
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_UP):
        ActionChains(browser).send_keys(key).perform()
    assert told(browser) != first
    assert says(plan, told(browser).split("\n")[0].removeprefix("Block "), told(browser))
    ActionChains(browser).move_to_element(browser.find_element("css selector", "[data-block='60']")).perform()
    assert says(plan, plan.problem.blocks[60], told(browser))


def test_both_dates_are_drawn(browser, plan, path):
    show(browser, path)
    assert until(lambda: browser.execute_script(READY)) == 120
    block = int((plan.zone != plan.problem.current).argmax())
    fill = f"return document.querySelector('[data-block=\"{block}\"]').style.fill"
    there = until(lambda: browser.execute_script(fill))
    browser.find_element("css selector", "[value=today]").click()
    assert until(lambda: browser.execute_script(fill) != there)
    same = int((plan.zone == plan.problem.current[block]).argmax())
    assert browser.execute_script(fill.replace(f'"{block}"', f'"{same}"')) != ""


def test_the_table_is_that_of_the_report(plan, path, tmp_path):
    from tests.views.pages import Page

    report = sgt.report(plan, tmp_path / "report.html")
    burden = next(table for table in Page(report).tables if table[0][0] == "Group")
    text = path.read_text("utf-8")
    assert all(cell in text for row in burden for cell in row)
