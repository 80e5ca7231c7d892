"""Textbook patterns: drawn once, measured by every index, shown on its page."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

import segregation_tools as sgt

if TYPE_CHECKING:
    from pathlib import Path

    from segregation_tools.indices.index import Index

SIDE = 10
ORDERED = ("low", "middle", "high", "top")
TEXTBOOK = ("ghetto", "gradient", "random", "checkerboard")
OPTIONS = {"decay": 200.0, "center": "mean", "nearest": 8, "incomes": [10_000, 20_000, 40_000, 80_000]}

# Two groups weigh alike: each has an end of the scale, cells of both are pale. Safe for the colour-blind.
TWO = LinearSegmentedColormap.from_list("two", ["#e69f00", "#f2f2f2", "#0072b2"])
RANKS = "cividis"


def family(index: Index) -> str:
    """Say on which patterns an index is shown."""
    if index.dimension == "ordinal":
        return "ordered"
    return index.dimension if index.dimension in ("concentration", "centralization") else "plain"


def legend(kind: str) -> str:
    """Say what the maps show."""
    if kind == "ordered":
        return (
            f"Four ordered groups, {', '.join(ORDERED)}; the darker a cell, the lower on average. Cells hold 100 people "
            "each. In *random* everyone's group is drawn with equal chance."
        )
    cells, people = ("Cells are 100 m wide", "100")
    if kind == "concentration":
        cells, people = "Columns grow wider from west to east", "1,000"
    return (
        f"Blue cells hold group *a* only, orange ones *b* only, pale ones both alike. {cells}; each cell holds {people} "
        "people. In *random* everyone's group is drawn with equal chance."
    )


def cities(kind: str) -> dict[str, sgt.Population]:
    """Make the patterns of a kind."""
    groups = ORDERED if kind == "ordered" else ("a", "b")
    made = {name: sgt.synthetic_city(name, groups=groups, rng=1) for name in TEXTBOOK}
    if kind == "concentration":
        return {name: _widened(city) for name, city in made.items()}
    if kind == "centralization":
        middle = np.abs(np.indices((SIDE, SIDE)) - (SIDE - 1) / 2).max(axis=0) < 3
        core, ring = (
            made["ghetto"].redrawn(100.0 * np.stack([of_a, ~of_a]).reshape(2, -1)) for of_a in (middle, ~middle)
        )
        return {"core": core, "ring": ring} | {name: made[name] for name in ("ghetto", "random")}
    return made


def edges() -> np.ndarray:
    """Borders of columns that grow wider from west to east, in metres."""
    return np.append(0, np.cumsum(20.0 * np.arange(1, SIDE + 1)))


def _widened(city: sgt.Population) -> sgt.Population:
    """Put ten times the people into columns that grow wider from west to east."""
    across = edges()
    boxes = [shapely.box(across[c], -100 * (r + 1), across[c + 1], -100 * r) for r in range(SIDE) for c in range(SIDE)]
    frame = geopandas.GeoDataFrame(pd.DataFrame(10 * city.counts.T, columns=list(city.groups)), geometry=boxes)
    return sgt.Population.from_frame(frame, list(city.groups))


def draw(folder: Path) -> None:
    """Draw every pattern of every kind."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("plain", "ordered", "concentration", "centralization"):
        for name, city in cities(kind).items():
            figure = Figure(figsize=(1.5, 1.5))
            ax = figure.add_axes((0, 0, 1, 1))
            shares = city.counts / city.sizes
            of_first = shares[0] if kind != "ordered" else np.arange(len(ORDERED)) @ shares / (len(ORDERED) - 1)
            across = edges() if kind == "concentration" else np.arange(SIDE + 1.0)
            look: dict[str, Any] = {"cmap": RANKS if kind == "ordered" else TWO, "vmin": 0, "vmax": 1}
            ax.pcolormesh(across, np.arange(SIDE, -1, -1.0), of_first.reshape(SIDE, SIDE), **look)
            ax.set_axis_off()
            figure.savefig(folder / f"{kind}_{name}.png", dpi=120, transparent=True)


def values(index: Index) -> dict[str, str]:
    """Measure every pattern of an index's kind, in words."""
    bound = index.bind(**{name: OPTIONS[name] for name in index.about.needs})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sgt.DataWarning)  # a polynomial through few points: the page says so
        warnings.simplefilter("ignore", sgt.UndefinedWarning)  # "undefined" stands in the place of the value
        return {name: told(bound(city), bound.answer) for name, city in cities(family(index)).items()}


def told(answer: Any, shape: str) -> str:
    """Write an answer under a map."""
    if shape == "number":
        return number(answer)
    if shape == "groups":
        return ", ".join(f"{group} {number(value)}" for group, value in answer.items())
    if shape == "matrix":
        rows = (", ".join(f"{g}→{h} {number(answer.loc[g, h])}" for h in answer.columns) for g in answer.index)
        return "; ".join(rows)
    known = np.asarray(answer, dtype=float)
    if np.isnan(known).all():
        return number(np.nan)
    return " to ".join(dict.fromkeys(number(end) for end in (np.nanmin(known), np.nanmax(known))))


def number(value: float) -> str:
    """Write a number, or that there is none."""
    if np.isnan(value):
        return "undefined"
    text = f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
    return text.replace("-0.00", "0.00").replace("-", "−")
