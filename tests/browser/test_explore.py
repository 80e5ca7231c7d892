"""Interactive maps in a browser: what is pointed at, chosen, or reached by keys is told, and nothing is asked of anyone."""

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

import segregation_tools as sgt
from tests.browser.chromium import console_errors, requests_made, show, too_wide, until
from tests.planning.towns import Town
from tests.views.test_explore import NASTY, data_of

pytestmark = pytest.mark.browser

FILLS = "return [...document.querySelectorAll('#map .leaflet-overlay-pane path')].map(one => one.getAttribute('fill'))"
UNIT = "#map .leaflet-overlay-pane path[aria-label='{}']"


@pytest.fixture(scope="module")
def made(sacramento):
    city = sgt.synthetic_city("gradient", rows=6, cols=8, groups=["a", "b", "c"])
    frame = geopandas.GeoDataFrame(
        {NASTY: [40, 50, 60], "b": [50, 60, 70]},
        index=[NASTY, "x", "Averylongnameofanarea" * 9], geometry=shapely.box(range(3), 0, range(1, 4), 1), crs=4326,
    )  # fmt: skip
    return {
        "sacramento": sgt.explore(sacramento),
        "city": sgt.explore(city, values={"v": pd.Series(np.arange(48.0), index=city.units)}, min_count=0),
        "points": sgt.explore(sgt.synthetic_city("gradient", rows=6, cols=8, kind="points")),
        "plan": sgt.explore(Town().rezone(steps=60_000)),
        "nasty": sgt.explore(sgt.Population.from_frame(frame, [NASTY, "b"]), title=NASTY),
        # more than are drawn as elements: on one canvas
        "large": sgt.explore(sgt.synthetic_city("gradient", rows=60, cols=60, kind="grid"), min_count=0),
    }


@pytest.fixture(scope="module")
def pages(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    return {name: one.save(folder / f"{name}.html") for name, one in made.items()}


def told(browser):
    """The name and the numbers that are shown."""
    name = browser.find_elements(By.CSS_SELECTOR, "#facts h2")
    numbers = [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "#facts td")]
    return (name[0].text, numbers) if name else None


def row(made, i):
    data = data_of(made)
    return data["names"][i], data["rows"][i]


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("name", ["sacramento", "city", "points", "plan", "nasty", "large"])
def test_a_map_stands_alone_and_fits(browser, made, pages, name, look):
    show(browser, pages[name], **look)
    data = data_of(made[name])
    if name == "large":
        assert len(browser.find_elements(By.CSS_SELECTOR, "#map canvas")) == 1
    else:
        layer = data["layers"][0]
        drawn = browser.execute_script(FILLS)
        assert sorted(drawn) == sorted(layer["colours"][fill] for fill in layer["fills"])
    inside = browser.execute_script(
        "const map = document.getElementById('map').getBoundingClientRect();"
        "return [...document.querySelectorAll('#map .leaflet-overlay-pane path')].every(one => {"
        "const box = one.getBoundingClientRect();"
        "return box.left >= map.left && box.right <= map.right && box.top >= map.top && box.bottom <= map.bottom; })"
    )
    assert inside
    assert too_wide(browser) == 0
    assert console_errors(browser) == []
    assert requests_made(browser) == []


def test_pointing_tells_and_leaving_goes_back(browser, made, pages):
    show(browser, pages["city"])
    assert told(browser) is None
    move = ActionChains(browser, duration=0)
    move.move_to_element(browser.find_element(By.CSS_SELECTOR, UNIT.format(11))).perform()
    assert told(browser) == row(made["city"], 11)
    move.move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert told(browser) is None
    browser.find_element(By.CSS_SELECTOR, UNIT.format(20)).click()
    move.move_to_element(browser.find_element(By.CSS_SELECTOR, UNIT.format(11))).perform()
    assert told(browser) == row(made["city"], 11)
    move.move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert told(browser) == row(made["city"], 20)
    assert Select(browser.find_element(By.ID, "find")).first_selected_option.text == "20"


def test_an_area_is_touched_on_a_phone(browser, made, pages):
    show(browser, pages["plan"], phone=True)
    name, numbers = row(made["plan"], 7)
    browser.find_element(By.CSS_SELECTOR, UNIT.format(name)).click()
    assert told(browser) == (name, numbers)


@pytest.mark.parametrize("name", ["sacramento", "large"])
def test_an_area_is_found_by_its_name(browser, made, pages, name):
    show(browser, pages[name])
    wanted = row(made[name], 200)
    browser.find_element(By.ID, "find").send_keys(wanted[0])
    assert told(browser) == wanted


def test_on_a_canvas_pointing_tells_too(browser, made, pages):
    show(browser, pages["large"])
    ActionChains(browser, duration=0).move_to_element(browser.find_element(By.ID, "map")).perform()
    name, numbers = until(lambda: told(browser))
    at = data_of(made["large"])["names"].index(name)
    assert (name, numbers) == row(made["large"], at)
    across, down = map(int, name.split(", "))
    assert abs(across - 30) <= 1
    assert abs(down - 30) <= 1


def test_arrows_go_from_area_to_area(browser, made, pages):
    show(browser, pages["city"])
    shape = browser.find_element(By.CSS_SELECTOR, "#map path[tabindex='0']")
    assert shape.get_attribute("aria-label") == "0"
    browser.execute_script("arguments[0].focus()", shape)
    assert told(browser) == row(made["city"], 0)
    middles = [shapely.geometry.shape(one).centroid for one in data_of(made["city"])["shapes"]]
    at, right, down, left = 0, (Keys.ARROW_RIGHT, 125, 0), (Keys.ARROW_DOWN, 0, -125), (Keys.ARROW_LEFT, -125, 0)
    for key, across, up in (right, down, down, left):
        browser.switch_to.active_element.send_keys(key)
        where = middles[at].x + across, middles[at].y + up
        at = next(i for i, m in enumerate(middles) if np.hypot(m.x - where[0], m.y - where[1]) < 1)
        assert told(browser) == row(made["city"], at)
        assert browser.switch_to.active_element.get_attribute("aria-label") == str(at)
    assert len(browser.find_elements(By.CSS_SELECTOR, "#map path[tabindex='0']")) == 1


def test_tab_reaches_the_layers_the_map_and_the_areas(browser, pages):
    show(browser, pages["city"])
    reached = []
    for _ in range(8):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        at = browser.switch_to.active_element
        reached.append(at.get_attribute("id") or at.get_attribute("name") or at.tag_name)
    assert [reached.index(one) for one in ("layer", "map", "path", "find", "summary")] == sorted(
        reached.index(one) for one in ("layer", "map", "path", "find", "summary")
    )


def test_layers_change_by_keys_with_their_legend(browser, made, pages):
    show(browser, pages["city"])
    layers = data_of(made["city"])["layers"]
    browser.switch_to.active_element.send_keys(Keys.TAB)
    for layer, wanted in enumerate(layers):
        fills = browser.execute_script(FILLS)
        assert sorted(fills) == sorted(wanted["colours"][fill] for fill in wanted["fills"])
        shown = [legend.is_displayed() for legend in browser.find_elements(By.CLASS_NAME, "legend")]
        assert shown == [i == layer for i in range(len(layers))]
        browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)


def test_blocks_that_change_school_are_outlined_and_schools_named(browser, made, pages):
    show(browser, pages["plan"])
    data = data_of(made["plan"])
    wide = browser.execute_script(
        "return [...document.querySelectorAll('#map path[aria-label][stroke-width=\"2\"]')]"
        ".map(one => one.getAttribute('aria-label'))"
    )
    assert sorted(wide) == sorted(data["names"][i] for i in data["layers"][0]["outlined"])
    named = [label.text for label in browser.find_elements(By.CLASS_NAME, "school")]
    assert named == [place["name"] for place in data["places"]]


def test_all_numbers_open_as_a_table(browser, made, pages):
    show(browser, pages["city"])
    assert not browser.find_elements(By.CSS_SELECTOR, "#all table")
    browser.find_element(By.CSS_SELECTOR, "#all summary").click()
    assert until(lambda: browser.find_elements(By.CSS_SELECTOR, "#all table"))
    cells = browser.execute_script(
        "return [...document.querySelectorAll('#all tr')].map(row => [...row.cells].map(cell => cell.textContent))"
    )
    data = data_of(made["city"])
    assert cells[0] == ["Area", *data["columns"]]
    assert cells[1:] == [[name, *numbers] for name, numbers in zip(data["names"], data["rows"], strict=True)]
    assert too_wide(browser) == 0


def test_names_are_shown_as_text(browser, made, pages):
    show(browser, pages["nasty"])
    assert browser.title == NASTY
    Select(browser.find_element(By.ID, "find")).select_by_index(1)
    heading = browser.find_element(By.CSS_SELECTOR, "#facts h2")
    assert heading.get_property("textContent") == NASTY
    browser.find_element(By.CSS_SELECTOR, "#all summary").click()
    radios = browser.find_elements(By.CSS_SELECTOR, "fieldset label")
    assert radios[0].get_property("textContent").strip() == NASTY
    assert len(browser.find_elements(By.TAG_NAME, "script")) == 3


def test_a_notebook_shows_it_in_a_frame(browser, made, tmp_path):
    page = tmp_path / "notebook.html"
    page.write_text(f"<!doctype html><meta charset='utf-8'>{made['city']._repr_html_()}", "utf-8")
    show(browser, page)
    browser.switch_to.frame(0)
    assert until(lambda: len(browser.execute_script(FILLS)) == 48)
    Select(browser.find_element(By.ID, "find")).select_by_index(4)
    assert told(browser) == row(made["city"], 3)
    browser.switch_to.default_content()
    assert console_errors(browser) == []
    assert requests_made(browser) == []


def test_a_background_is_asked_of_its_server_alone(browser, tracts, tmp_path):
    server = "http://127.0.0.1:9"
    made = sgt.explore(
        tracts.head(30), tmp_path / "map.html", groups=["white", "black"],
        tiles=server + "/{z}/{x}/{y}.png", attribution="<b>them</b>",
    )  # fmt: skip
    assert data_of(made)["tiles"]
    show(browser, tmp_path / "map.html")
    asked = []
    assert until(lambda: asked.extend(requests_made(browser)) or asked)
    assert all(address.startswith(server) for address in asked)
    assert browser.find_element(By.CLASS_NAME, "leaflet-control-attribution").text == "<b>them</b>"
    assert not [line for line in console_errors(browser) if server not in line]
