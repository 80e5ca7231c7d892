"""The page of an interactive map: one file, with its program, its data and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd

import segregation_tools
from segregation_tools.autocorrelation.local import LocalAutocorrelation
from segregation_tools.errors import OptionError
from segregation_tools.planning.plan import Plan
from segregation_tools.population.options import real_number, writable
from segregation_tools.population.population import as_population
from segregation_tools.views.explore.layers import named, of_population
from segregation_tools.views.explore.shapes import shapes_of, units_of
from segregation_tools.views.explore.zones import of_plan, places_of
from segregation_tools.views.parts import key, others_said, page_of, refuse_rare, said, title_of, words_in

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population
    from segregation_tools.views.explore.layers import Content, Layer

    Words = dict[str, Any]

__all__ = ["Exploration", "explore"]

HIGH = 720  # pixels, in a notebook
TILES = re.compile(r"(?P<server>https?://[A-Za-z0-9.{}:-]+)/[^\s\"'<>]*")


@dataclass(frozen=True)
class Exploration:
    """An interactive map: a page that needs nothing else. A notebook shows it; `save` writes it.

    Attributes
    ----------
    title : str
        Of the page.
    page : str
        Its text, HTML.

    Examples
    --------
    >>> seen = sgt.explore(sgt.synthetic_city("gradient", groups=["west", "east"]), title="An invented city")
    >>> seen.title, "<script src" in seen.page
    ('An invented city', False)
    """

    title: str
    page: str = field(repr=False)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page.

        Parameters
        ----------
        path : path-like
            Where it goes: one HTML file.

        Returns
        -------
        pathlib.Path
        """
        target = writable(path)
        target.write_text(self.page, encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        look = f"width: 100%; height: {HIGH}px; border: 0"
        inside = f'srcdoc="{escape(self.page)}" sandbox="allow-scripts"'
        return f'<iframe title="{escape(self.title)}" style="{look}" {inside}></iframe>'


def explore(
    data: Population | Plan | pd.DataFrame,
    path: str | PathLike[str] | None = None,
    *,
    groups: Sequence[Hashable] | None = None,
    values: pd.Series[Any] | NDArray[Any] | LocalAutocorrelation | Mapping[str, Any] | None = None,
    language: str = "en",
    title: str | None = None,
    min_count: float = 5,
    tiles: str | None = None,
    attribution: str | None = None,
) -> Exploration:
    """Make an interactive map of a population, of values, or of a plan for school zones.

    Of a population: the share of each group, all on one scale, and where areas are less diverse than the region. Of a plan:
    zones today and in the plan, and the blocks that change school. Pointing at an area, or choosing it by name, tells its
    numbers. It is one page that needs nothing else: it asks nothing of any server unless `tiles` are given.

    Parameters
    ----------
    data : Population, GeoDataFrame or DataFrame; or Plan
        With geometry, or a grid, of which inhabited cells are drawn; at most 20,000 areas. A frame needs `groups`.
    path : path-like, optional
        Where the page is written as well: one HTML file.
    groups : sequence, optional
        Columns of counts; not for a plan.
    values : Series, ndarray, LocalAutocorrelation, or mapping of name to these, optional
        Values of the units of a population, shown first: a Series on its units (of local values of an index, say), an array
        of the shape of one group, or what `local_moran` and its siblings return. Not for a plan.
    language : str
        Language of the page.
    title : str, optional
        Name of the place or of the data, shown above.
    min_count : float
        Smallest count that is published. Smaller ones, and others from which they could be had, are not shown, nor are
        values and colours that would tell of them.
    tiles : str, optional
        Address of a background map, with ``{z}``, ``{x}`` and ``{y}``. Whoever opens the page then asks that server for it,
        and is seen by it. None without.
    attribution : str, optional
        Whose background map it is, as its licence asks; needed with `tiles`.

    Returns
    -------
    Exploration
        A notebook shows it; ``.save(path)`` writes it.

    Raises
    ------
    GeographyError
        If there is no geometry, or its coordinates cannot be drawn.
    CapabilityError
        If there are too many areas for a page, or a group has fewer than `min_count` people in the whole region.
    DataError
        If `values` are not of the units of the population.
    OptionError
        If an option means nothing for what is drawn, or `tiles` come without `attribution`.

    Notes
    -----
    Borders are simplified, those that areas share alike, and rounded to about a metre. Coordinates without a reference
    system are drawn on a plane. The map is drawn by Leaflet 1.9.4, which the page carries.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, ["white", "black", "asian", "hispanic"])
    >>> explore(pop, title="Sacramento")
    Exploration(title='Sacramento')

    Local values of an index, and clusters:

    >>> local = sgt.dissimilarity.local(pop)
    >>> found = sgt.local_moran(pop, group="black", rng=7)
    >>> page = explore(pop, values={"local D": local, "clusters": found}).page
    >>> "http-equiv" in page
    True
    """
    if path is not None:
        writable(path)
    words = words_in(language)
    text, least = words["explore"], real_number(min_count, "min_count", 0, "a number of people")
    server = _server(tiles, attribution)
    if isinstance(data, Plan):
        _refuse_for_plans(groups=groups, values=values)
        pop, heading = data.problem.pupils, title_of(title, words["plan"]["title"])
        refuse_rare(pop, least)
        units = units_of(pop)
        content = of_plan(data, units, words, least)
    else:
        _refuse_alone(data)
        pop, heading = as_population(data, groups), title_of(title, words["page"]["title"])
        refuse_rare(pop, least)
        units = units_of(pop)
        content = of_population(pop, named(values, pop, text), units, words, least)
    shapes, plane = shapes_of(pop, units)
    if plane and tiles is not None:
        msg = "tiles= need longitudes and latitudes, and the coordinates have no reference system: frame.set_crs(...)"
        raise OptionError(msg)
    drawn: dict[str, Any] = {
        "plane": plane,
        "shapes": shapes,
        "names": [_name(label) for label in pop.geography.labels(units)],
        "places": places_of(data, units, shapes) if isinstance(data, Plan) else [],
        "columns": content.columns,
        "rows": content.rows,
        "layers": [{name: getattr(one, name) for name in ("colours", "fills", "outlined")} for one in content.layers],
        "words": {name: text[name] for name in ("find", "find_none", "facts_none", "table")},
        "tiles": tiles and {"address": tiles, "attribution": escape(str(attribution))},
    }
    made = Exploration(
        heading, page_of(heading, _parts(content, pop, drawn, words, least), language, head=_head(server))
    )
    if path is not None:
        made.save(path)
    return made


# ---------------------------------------------------------------- what is refused


def _refuse_alone(data: Any) -> None:
    if isinstance(data, (pd.Series, LocalAutocorrelation)):
        msg = (
            f"a {type(data).__name__} does not say where its units lie: give the population first, "
            "sgt.explore(pop, values=...)"
        )
        raise OptionError(msg)


def _refuse_for_plans(**given: Any) -> None:
    unused = [f"{name}=" for name, value in given.items() if value is not None]
    if unused:
        msg = f"{', '.join(unused)} mean nothing for a plan, which has its groups and its zones: sgt.explore(plan)"
        raise OptionError(msg)


def _server(tiles: str | None, attribution: str | None) -> str:
    """Say from where the page may fetch pictures; from nowhere without tiles."""
    if tiles is None:
        if attribution is not None:
            msg = "attribution= is for tiles=, which are not given"
            raise OptionError(msg)
        return ""
    known = TILES.fullmatch(tiles) if isinstance(tiles, str) else None
    if known is None or not all(place in tiles for place in ("{z}", "{x}", "{y}")):
        msg = (
            f"tiles= must be an address with {{z}}, {{x}} and {{y}}, such as 'https://tile.openstreetmap.org/{{z}}/{{x}}/"
            f"{{y}}.png', not {tiles!r}"
        )
        raise OptionError(msg)
    if not isinstance(attribution, str) or not attribution.strip():
        msg = "tiles= need attribution=, whose map it is: attribution='© OpenStreetMap contributors'"
        raise OptionError(msg)
    return known["server"].replace("{s}", "*")


# ---------------------------------------------------------------- the page


def _name(label: Any) -> str:
    return ", ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _carried(name: str) -> str:
    """Read one of the files beside this one."""
    return files("segregation_tools.views.explore").joinpath(name).read_text("utf-8")


def _head(server: str) -> str:
    """Forbid the page to ask anything of anyone, but pictures of the server of tiles; and how it looks."""
    pictures = f"data: {server}".strip()
    policy = f"default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    # pictures of Leaflet are of parts that are not used
    style = re.sub(r"url\(images/[^)]*\)", "none", _carried("leaflet/leaflet.css"))
    licence = _carried("leaflet/LICENSE").replace("--", "- -")
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
        f"<!-- Leaflet:\n{licence}--><style>{style}</style><style>{_carried('map.css')}</style>"
    )


def _parts(content: Content, pop: Population, drawn: Mapping[str, Any], words: Words, min_count: float) -> list[str]:
    text = words["explore"]
    program = re.sub(r"\n//# sourceMappingURL=.*\s*$", "", _carried("leaflet/leaflet.js"))
    notes = [text["small_text"].format(least=f"{min_count:g}")] if min_count > 0 else []
    if pop.recipe is not None:
        met = words["page"]["source_environment_text"].format(recipe=pop.recipe)
        notes.append(text["residents_in"].format(recipe=met))
    notes += filter(None, [others_said(pop, words["page"], min_count)])
    notes.append(text["made"].format(software=f"segregation_tools {segregation_tools.__version__}"))
    return [
        f"<noscript>{said(text['no_script'])}</noscript>",
        f'<div class="explore"><div class="choices">{_choices(content.layers, text)}</div>',
        f'<div id="map" role="group" aria-label="{escape(text["map"])}"></div>',
        f"<div>{_found(text)}</div></div>",
        "".join(said(note, "note") for note in notes),
        f'<details id="all"><summary>{escape(text["table"])}</summary><div class="wide"></div></details>',
        # escaped letters: whatever stands in the data, it does not end the script
        f'<script type="application/json" id="data">{_json(drawn)}</script>',
        f"<script>{program}</script><script>{_carried('map.js')}</script>",
    ]


def _json(drawn: Mapping[str, Any]) -> str:
    """Write data that may stand in a script: only ASCII, and nothing that begins a tag or a comment."""
    return json.dumps(drawn, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _choices(layers: Sequence[Layer], text: Words) -> str:
    """Write what can be chosen, and beside each the key of its colours."""
    radios, keys = [], []
    for i, layer in enumerate(layers):
        chosen = " checked" if i == 0 else ""
        radios.append(f'<label><input type="radio" name="layer" value="{i}"{chosen}> {escape(layer.name)}</label>')
        away = "" if i == 0 else " hidden"
        keys.append(f'<div class="legend"{away}>{said(layer.note)}{key(layer.key)}</div>')
    return (
        f"<fieldset><legend>{escape(text['choose'])}</legend>{''.join(radios)}</fieldset>"
        f'<section aria-label="{escape(text["key"])}">{"".join(keys)}</section>'
    )


def _found(text: Words) -> str:
    """Write where an area is chosen by its name, and where its numbers are told."""
    return (
        f'<p><label for="find">{escape(text["find"])}</label> <select id="find"></select></p>'
        f'<section id="facts" aria-live="polite" aria-label="{escape(text["facts"])}"></section>'
    )
