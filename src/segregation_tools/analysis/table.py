"""All indices of a population in one tidy table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from segregation_tools.analysis.null_models import null_model
from segregation_tools.analysis.replicates import begun_by, mean_of, quantiles, replicated
from segregation_tools.analysis.resampling import people_drawn
from segregation_tools.errors import DataError, DataWarning, GroupError, SegregationError, listed, warn
from segregation_tools.indices.index import stocked
from segregation_tools.indices.together import values_in
from segregation_tools.population.options import real_number, source_of_chance
from segregation_tools.population.population import Population, as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index

__all__ = ["summary"]

LEVEL = 0.95
OF_THE_MAP = ("concentration", "centralization", "clustering")


def summary(
    data: Population | pd.DataFrame | DataFrameGroupBy[Any, Any],
    *,
    groups: Sequence[Hashable] | None = None,
    dimension: str | None = None,
    rng: np.random.Generator | int | None = None,
    draws: int = 200,
) -> pd.DataFrame:
    """Every index that fits a population, with what chance alone would give.

    Parameters
    ----------
    data : Population, GeoDataFrame, DataFrame, or frame grouped by place or date
        A frame needs `groups`. Of a grouped one, ``frame.groupby("city")``, each place is measured on its own; a place
        where nobody lives is left out with a warning.
    groups : sequence, optional
        Columns of counts.
    dimension : str, optional
        Only this dimension, ``"evenness"``, ``"exposure"``, ``"diversity"`` … ``"ordinal"``, which means something only
        where groups are ordered from low to high, is left out unless asked for, and so are ``"concentration"``,
        ``"centralization"`` and ``"clustering"``, which read the map: what cannot be measured is named in a warning.
    rng : Generator or int, optional
        Source of chance: every index, in any environment, is then set beside what chance gives, and has an interval.
    draws : int
        How many populations are drawn, of chance and of the people themselves.

    Returns
    -------
    DataFrame
        One row an index, or an index and group: `index`, `symbol`, `dimension`, `value`, `expected` (by chance, with
        unit sizes fixed; NaN where no closed form holds and nothing is drawn), with `rng` also `low` and `high` (ends of the
        basic 95 % interval of `bootstrap`, of people), `units` (with residents), `median_unit` (residents of the
        middle one), `groups`, `source`. Left out are indices of two groups where there are more, matrices, values of
        single units, and indices that need an option. Of a grouped frame, the keys come first.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> table = summary(sgt.load("sacramento"), groups=["white", "black", "asian", "hispanic"], dimension="evenness")
    >>> table[["symbol", "value", "expected"]].round(4).values.tolist()[0]
    ['D', 0.4134, 0.0163]
    """
    shelf = stocked()
    dimensions = list(dict.fromkeys(index.dimension for index in shelf.values()))
    if dimension is not None and dimension not in dimensions:
        msg = f"no dimension {dimension!r}; there are {listed(dimensions)}"
        raise DataError(msg)
    chance = None
    if rng is not None:
        number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
        chance = _Chance(source_of_chance(rng), number)
    if isinstance(data, DataFrameGroupBy):
        return _by_place(data, groups, dimension, chance)
    pop = as_population(data, groups)
    return _table(pop, dimension, len(pop.groups), chance)


@dataclass(frozen=True)
class _Chance:
    """Where draws come from, and how many there are."""

    source: np.random.Generator
    draws: int

    def around(self, indices: Sequence[Index], pop: Population, value: NDArray[np.float64]) -> pd.DataFrame:
        """Take what chance gives, and the ends of intervals, of all values of some indices."""
        by_chance, of_people = (
            replicated(indices, [pop], draw, begun_by(self.source), 0, self.draws)
            for draw in (null_model("random_allocation", pop), people_drawn(pop))
        )
        low, high = 2 * value - quantiles(of_people, [(1 + LEVEL) / 2, (1 - LEVEL) / 2])
        return pd.DataFrame({"expected": mean_of(by_chance), "low": low, "high": high})


def _table(pop: Population, dimension: str | None, groups: int, chance: _Chance | None) -> pd.DataFrame:
    """One row an index that fits so many groups."""
    sizes = pop.sizes[pop.sizes > 0]
    fitting = [index for index in stocked().values() if _fits(index, dimension, groups)]
    if not fitting:
        msg = (
            f"no index of dimension {dimension!r} has one value for {groups} groups without an option that has to be named: "
            "call them one by one; sgt.shelf() lists them"
        )
        raise DataError(msg)
    missing = {index.__name__: index.missing(pop) for index in fitting}
    if any(missing.values()):
        reasons = {reason for reason in missing.values() if reason}
        warn(
            f"left out: {listed(name for name, reason in missing.items() if reason)}: {'; '.join(reasons)}", DataWarning
        )
    measured = [index for index in fitting if not missing[index.__name__]]
    values = values_in([pop], measured)[0]
    rows = [row for index, value in zip(measured, values, strict=True) for row in _rows(index, value, pop)]
    table = pd.DataFrame(rows, columns=["index", "symbol", "dimension", "value", "expected", "groups", "source"])
    if chance is not None:
        around = chance.around(measured, pop, table["value"].to_numpy(dtype=np.float64))
        table["expected"] = around["expected"]
        table.insert(5, "low", around["low"])
        table.insert(6, "high", around["high"])
    behind = list(table).index("groups")
    table.insert(behind, "units", len(sizes))
    table.insert(behind + 1, "median_unit", float(np.median(sizes)))
    return table


def _by_place(
    places: DataFrameGroupBy[Any, Any],
    groups: Sequence[Hashable] | None,
    dimension: str | None,
    chance: _Chance | None,
) -> pd.DataFrame:
    if groups is None:
        msg = "name the columns that hold the groups, groups=[...]"
        raise GroupError(msg)
    sized = places.size()
    found = list(sized.index.names) if isinstance(sized, pd.Series) else list(sized.columns[:-1])
    named = [name if name is not None else f"place_{i}" for i, name in enumerate(found)]
    tables, counted = {}, 0
    for key, frame in places:
        counted += len(frame)
        table = _of_place(key, frame, list(groups), dimension, chance)
        if table is not None:
            tables[key] = table
    if not tables:
        msg = "there is no place to measure: the grouped frame has no rows, or nobody lives in any place"
        raise DataError(msg)
    left_out = len(places.obj) - counted
    if left_out:
        warn(f"{left_out} rows belong to no place, since {listed(named)} has no value there: left out", DataWarning)
    columns = next(iter(tables.values())).columns
    taken = [name for name in named if name in columns]
    if taken:
        msg = f"places are called by {taken[0]!r}, which is a column of the table too: rename it"
        raise DataError(msg)
    joined: pd.DataFrame = pd.concat(tables, names=named).reset_index(level=named).reset_index(drop=True)
    return joined


def _of_place(
    key: Any, frame: pd.DataFrame, groups: list[Hashable], dimension: str | None, chance: _Chance | None
) -> pd.DataFrame | None:
    """Measure one place; whatever is refused or missing there is said with its name."""
    if not len(frame):
        return None  # a category that no row has
    units = frame.reset_index(drop=True)
    present = [
        group for group in groups if group not in units or (pd.to_numeric(units[group], errors="coerce") != 0).any()
    ]
    absent = [group for group in groups if group not in present]
    if absent:
        warn(f"place {key!r}: no people in group {listed(absent)}" + ("" if present else "; left out"), DataWarning)
    if not present:
        return None
    try:
        return _table(Population.from_frame(units, present), dimension, len(groups), chance)
    except SegregationError as refusal:
        raise type(refusal)(f"place {key!r}: {refusal}") from refusal


def _fits(index: Index, dimension: str | None, groups: int) -> bool:
    if index.reads_map and dimension not in OF_THE_MAP:
        return False
    wanted = index.dimension != "ordinal" if dimension is None else index.dimension == dimension
    readable = index.answer in ("number", "groups") and not index.about.needs
    return wanted and readable and index.groups in (None, groups)


def _rows(index: Index, value: Any, pop: Population) -> Iterator[list[Any]]:
    expected = index.expected(pop)
    about = [index.__name__, index.symbol, index.dimension]
    if index.answer == "number":
        by_chance = np.nan if expected is None else expected
        yield [*about, value, by_chance, ", ".join(map(str, pop.groups)), index.source]
        return
    for group in pop.groups:
        by_chance = np.nan if expected is None else expected[group]
        yield [*about, value[group], by_chance, str(group), index.source]
