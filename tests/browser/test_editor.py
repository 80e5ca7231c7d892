"""The zone editor in JupyterLab: what the page shows is what Python computes, whatever is clicked, and how soon."""

import json
from statistics import median

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.browser.chromium import console_errors, requests_made, until
from tests.browser.lab import Lab, outside

pytestmark = pytest.mark.browser

DISTRICT = """
import numpy as np
import segregation_tools as sgt
from scipy.sparse import coo_array
blocks, schools = {blocks}, {schools}
district = sgt.synthetic_district(blocks, schools, rng=1)
pupils = sgt.Population.from_frame(district.blocks, ["a", "b", "c"])
across = int(np.ceil(np.sqrt(blocks)))
at = np.arange(blocks)
right, up = at[(at % across < across - 1) & (at + 1 < blocks)], at[at + across < blocks]
pairs = np.concatenate([np.stack([right, right + 1]), np.stack([up, up + across])], axis=1)
touching = coo_array((np.ones(pairs.shape[1]), pairs), shape=(blocks, blocks)).tocsr()
today = dict(current=district.blocks["school"], schools=district.schools, travel=district.travel)
rules = [sgt.capacity(within=0.15), sgt.contiguous()]
plan = sgt.score(pupils, district.blocks["school"], **today, constraints=rules, adjacency=touching)
"""
OPEN = "editor = sgt.edit(plan, rng=1)\neditor"
BUSY = """
const root = document.querySelector('.sgt-editor');
return root.hasAttribute('aria-busy') || root.classList.contains('searching')"""


class Page:
    """The editor in the browser, used as people do."""

    def __init__(self, browser, lab):
        self.browser, self.lab = browser, lab
        browser.execute_script("document.querySelector('.sgt-editor').scrollIntoView()")

    def ask(self, code, *values):
        return self.browser.execute_script(f"const editor = document.querySelector('.sgt-editor'); {code}", *values)

    def wait(self, seconds=30):
        assert until(lambda: not self.browser.execute_script(BUSY), seconds)
        return self

    def block(self, number):
        return self.browser.find_element("css selector", f"[data-block='{number}']")

    def choose(self, school):
        self.ask("editor.querySelectorAll('.school input')[arguments[0]].click()", school)

    def press(self, words):
        self.ask("[...editor.querySelectorAll('button')].find(one => one.textContent === arguments[0]).click()", words)

    def keys(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    @property
    def shown(self):
        """Every measure, by name."""
        return self.ask(
            "return Object.fromEntries([...editor.querySelectorAll('[data-measure]')].map("
            "one => [one.dataset.measure, one.textContent]))"
        )

    @property
    def said(self):
        return self.ask("return editor.querySelector('.said').textContent")

    @property
    def focused(self):
        return self.ask("return editor.querySelector('.here strong').textContent")

    @property
    def cut(self):
        return self.ask("return [...editor.querySelectorAll('[data-zone]')].map(one => one.textContent)")

    @property
    def took(self):
        """Milliseconds from the last change to the numbers."""
        return int(self.ask("return editor.dataset.took"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()
    server.stop()


@pytest.fixture(scope="module")
def opened(browser, lab):
    lab.open(browser, DISTRICT.format(blocks=100, schools=4), OPEN, size=(1400, 1500))
    return Page(browser, lab)


@pytest.fixture
def page(opened):
    """The editor with the plan as it was opened."""
    while opened.lab.python("editor._session.steps[0]"):
        opened.lab.python("editor.undo()")
    undone = "return [...editor.querySelectorAll('button')].find(one => one.textContent === 'Undo').disabled"
    assert until(lambda: opened.ask(undone))
    opened.choose(0)
    return opened.wait()


def of_python(page):
    """What Python computes from scratch, spelled as the page does."""
    goal, after = page.lab.python(
        "(float(editor.plan.goal.value(editor.plan.problem, editor.plan.zone)), editor.plan.after.to_dict())"
    )
    spelled = {"goal": f"{goal:.4f}", "dissimilarity": f"{after['dissimilarity']:.4f}"}
    return spelled | {"moves": f"{100 * after['moves']:.1f}\u202f%"}


def same(page):
    return {name: page.shown[name] for name in of_python(page)} == of_python(page)


def test_blocks_are_painted_and_undone(page):
    before = page.shown
    page.choose(1)
    ActionChains(page.browser).move_to_element(page.block(44)).click_and_hold().move_to_element(
        page.block(45)
    ).move_to_element(page.block(46)).release().perform()
    page.wait()
    assert page.lab.python("editor.plan.assignment.iloc[44:47].tolist()") == ["S02"] * 3
    assert page.shown != before
    assert same(page)
    assert page.lab.python("editor._session.steps") == (1, 0)  # a stroke is one step
    painted = page.shown
    page.press("Undo")
    page.wait()
    assert page.shown == before
    page.press("Redo")
    page.wait()
    assert page.shown == painted
    assert same(page)


def test_keys_do_all_that_the_pointer_does(page):
    page.ask("editor.querySelector('.map').focus()")
    first = page.focused
    page.keys(Keys.ARROW_RIGHT)
    second = page.focused
    assert second != first
    assert second in page.said
    page.keys(Keys.ARROW_LEFT)
    assert page.focused == first
    page.keys(Keys.PAGE_DOWN, Keys.PAGE_DOWN, Keys.ENTER)
    page.wait()
    assert page.lab.python(f"editor.plan.assignment[{first!r}]") == "S03"
    assert "Goal" in page.said
    page.keys("l")
    page.wait()
    assert page.lab.python("editor.locked") == [first]
    page.keys(Keys.PAGE_DOWN, " ")
    page.wait()
    assert page.lab.python(f"editor.plan.assignment[{first!r}]") == "S03"
    assert "locked" in page.said
    ActionChains(page.browser).key_down(Keys.CONTROL).send_keys("zz").key_up(Keys.CONTROL).perform()
    page.wait()
    assert page.lab.python("(editor.locked, editor.plan.moved)") == ([], 0.0)
    ActionChains(page.browser).key_down(Keys.CONTROL).send_keys("y").key_up(Keys.CONTROL).perform()
    page.wait()
    assert page.lab.python(f"editor.plan.assignment[{first!r}]") == "S03"
    assert page.ask("return editor.querySelector('.map').contains(document.activeElement)")


def test_a_zone_in_pieces_is_told_at_once(page):
    page.lab.python("editor.paint({'B00001': 'S04' if editor.plan.assignment['B00001'] != 'S04' else 'S01'})")
    page.wait()
    assert until(lambda: page.cut)
    assert "B00001" in page.cut[0]
    assert page.ask("return editor.querySelector('path.cut').getAttribute('d')")
    page.press("Undo")
    page.wait()
    assert page.cut == []


def test_a_search_from_here_keeps_what_is_locked(page):
    page.press("Lock")
    page.block(33).click()
    page.wait()
    page.press("Paint")
    before, kept = page.lab.python("(editor._session.standing().values['goal'], editor.plan.assignment.iloc[33])")
    page.press("Improve from here")
    page.wait(30)
    after = page.lab.python("editor._session.standing().values['goal']")
    assert after < before
    assert same(page)
    assert page.lab.python("(editor.plan.assignment.iloc[33], bool(sgt.check(editor.plan)))") == (kept, True)
    assert page.lab.python("editor.locked") == ["B00034"]
    assert page.lab.python("editor._session.steps") == (2, 0)


def test_a_search_is_stopped_by_its_button_while_the_page_answers(page):
    page.lab.python("setattr(editor, '_seconds', 60)")
    page.press("Improve from here")
    assert until(lambda: "Searching: goal" in page.said, 10)
    page.block(50).click()
    assert "stop" in page.said
    page.press("Stop")
    page.lab.python("setattr(editor, '_seconds', 3)")
    page.wait(20)
    assert page.lab.python("editor._session.searching") is False
    assert same(page)


def test_a_search_from_python_ends_on_the_page_too(page):
    page.lab.python("editor.improve(seconds=1)")
    assert until(lambda: "The search moved" in page.said)
    page.wait()
    assert same(page)
    page.lab.python("editor.lock(['B00001'])")
    assert until(lambda: "locked" in page.said)


def test_today_is_beside_it(page):
    fills = "return [...editor.querySelectorAll('.block')].map(one => one.style.fill)"
    today = page.ask(fills)
    page.choose(3)
    page.block(0).click()
    page.wait()
    assert until(lambda: page.ask(fills) != today)
    page.press("Compare with today")
    assert until(lambda: page.ask(fills) == today)
    page.press("Compare with today")
    assert until(lambda: page.ask(fills) != today)


def test_what_comes_from_users_is_text(browser, lab):
    rename = "name = '<img src=x onerror=alert(1)>'\nblocks = district.blocks.rename({'B00001': name})\n"
    again = (
        "today = dict(current=blocks['school'], schools=district.schools.replace('B00001', name), "
        "travel=district.travel.rename({'B00001': name}))\n"
        "plan = sgt.score(sgt.Population.from_frame(blocks, ['a', 'b', 'c']), blocks['school'], **today)\n"
    )
    lab.open(browser, DISTRICT.format(blocks=30, schools=3), rename + again + OPEN, size=(500, 1500))
    page = Page(browser, lab)
    page.ask("editor.querySelector('.map').focus()")
    page.lab.python("editor.lock([name])")
    page.wait()
    assert "<img" in page.said
    assert page.ask("return editor.querySelectorAll('img').length") == 0
    assert page.ask("return editor.scrollWidth - editor.clientWidth") == 0  # as narrow as a phone


def test_nothing_failed_and_nothing_left_the_machine(browser):
    assert console_errors(browser) == []
    assert outside(requests_made(browser)) == []


@pytest.mark.parametrize(("blocks", "schools", "most"), [(400, 8, 150), (5000, 60, 400), (20_000, 150, 800)])
@pytest.mark.slow
def test_numbers_follow_a_click_soon(browser, lab, blocks, schools, most):
    assert median(clicks(browser, lab, blocks, schools)) < most


def test_numbers_follow_a_click_on_a_large_map(browser, lab):
    """On a canvas; machines that are busy have more time."""
    assert median(clicks(browser, lab, 6000, 40)) < 1200
    assert console_errors(browser) == []


def clicks(browser, lab, blocks, schools):
    """How many milliseconds each of some clicks takes until the numbers are there, through JupyterLab and back."""
    lab.open(browser, DISTRICT.format(blocks=blocks, schools=schools), OPEN, size=(1400, 1500))
    page, taken = Page(browser, lab), []
    host = browser.find_element("css selector", ".sgt-editor .map")
    for turn in range(6):
        page.choose(turn % 3)
        page.wait()
        ActionChains(browser).move_to_element_with_offset(host, 20 * turn - 50, 10 * turn).click().perform()
        page.wait()
        taken.append(page.took)
    assert lab.python("editor._session.steps[0]") > 3
    assert same(page)
    print(json.dumps({"blocks": blocks, "milliseconds": taken}))  # noqa: T201 - the figures themselves
    return taken[1:]
