"""Reports and hand-outs in a browser: nothing leaves the machine, nothing fails, nothing is cut off on a phone."""

import pytest

import segregation_tools as sgt
from tests.browser.chromium import console_errors, requests_made, show, too_wide, until
from tests.planning.towns import Town

pytestmark = pytest.mark.browser

LANGUAGES = ["en", "fr", "de", "es"]
PAGES = ["population", "drawn", "grid", "table", "plan", *LANGUAGES]
INK = "return getComputedStyle(document.body).color"


@pytest.fixture(scope="module")
def pages(tmp_path_factory, sacramento):
    folder = tmp_path_factory.mktemp("pages")
    plan = Town().rezone(steps=60_000)
    grid = sgt.synthetic_city("gradient", rows=6, cols=8, kind="grid")
    table = sgt.Population([[90, 10], [10, 90]], ["a long name of a group " * 4, "Verylongnamewithoutaspace" * 4])
    made = {
        "population": sgt.report(sacramento, folder / "population.html", title="Sacramento"),
        "drawn": sgt.report(sacramento, folder / "drawn.html", rng=7, draws=20),
        "grid": sgt.report(grid, folder / "grid.html"),
        "table": sgt.report(table, folder / "table.html"),
        "plan": sgt.report(plan, folder / "plan.html", min_count=1),
    }
    return made | {lang: sgt.handout(plan, folder / f"{lang}.html", language=lang) for lang in LANGUAGES}


def test_what_a_page_asks_for_and_complains_of_is_seen(browser, tmp_path):
    """The test of the tests: a page that does all that is looked for below."""
    page = tmp_path / "page.html"
    page.write_text(
        "<meta name=viewport content='width=device-width'><p style='width: 1400px'>wide<script>"
        "console.error('alas'); new Image().src = 'http://127.0.0.1:9/mark.png'; throw new Error('broken')</script>"
    )
    asked, said = [], []
    show(browser, page, phone=True)
    assert until(lambda: asked.extend(requests_made(browser)) or asked) == ["http://127.0.0.1:9/mark.png"]
    assert until(lambda: said.extend(console_errors(browser)) or len(said) > 2)
    assert all(any(word in line for line in said) for word in ("alas", "broken", "mark.png"))
    assert too_wide(browser) > 1000


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_alone_and_fits(browser, pages, name, look):
    show(browser, pages[name], **look)
    assert browser.execute_script("return document.querySelector('h1').textContent")
    assert browser.execute_script("return [...document.images].every(one => one.complete && one.naturalWidth > 0)")
    red, *_ = map(int, browser.execute_script(INK).removeprefix("rgb(").removesuffix(")").split(","))
    assert (red > 200) == look.get("dark", False)
    assert too_wide(browser) == 0
    assert console_errors(browser) == []
    assert requests_made(browser) == []


@pytest.mark.parametrize("name", ["drawn", "plan"])
def test_on_a_phone_words_stay_whole_and_explanations_stand_below_their_row(browser, pages, name):
    show(browser, pages[name], phone=True)
    broken, over, beside, narrow = browser.execute_script("""
        const box = cell => cell.getBoundingClientRect(), shown = cell => box(cell).width;
        const heads = [...document.querySelectorAll('.explained tbody th')].filter(shown);
        const cells = [...document.querySelectorAll('.explained :is(th, td)')].filter(shown);
        const lines = (node, start, end) => {
          const range = document.createRange(); range.setStart(node, start); range.setEnd(node, end);
          return new Set([...range.getClientRects()].map(one => one.top)).size };
        const words = heads.flatMap(head => [...head.textContent.matchAll(/\\S+/g)].map(word =>
          [word[0], lines(head.firstChild, word.index, word.index + word[0].length)]));
        const last = heads.map(head => [box(head), box(head.parentElement.lastElementChild)]);
        return [words.filter(word => word[1] != 1).concat(words.length ? [] : ['no words']),
          cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent),
          last.filter(([head, text]) => head.bottom > text.top + 1).length,
          last.filter(([, text]) => text.width < 250).length]""")
    assert broken == []
    assert over == []
    assert beside == narrow == 0
