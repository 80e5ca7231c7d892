"""All indices of a population in one tidy table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from segregation_tools.errors import DataError, listed
from segregation_tools.indices.index import stocked
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from segregation_tools.indices.index import Index
    from segregation_tools.population.population import Population

__all__ = ["summary"]


def summary(
    data: Population | pd.DataFrame | DataFrameGroupBy[Any, Any],
    *,
    groups: Sequence[Hashable] | None = None,
    dimension: str | None = None,
) -> pd.DataFrame:
    """Every index that fits a population, with what chance alone would give.

    Parameters
    ----------
    data : Population, GeoDataFrame, DataFrame, or frame grouped by place or date
        A frame needs `groups`. Of a grouped one, ``frame.groupby("city")``, each place is measured on its own.
    groups : sequence, optional
        Columns of counts.
    dimension : str, optional
        Only this dimension, ``"evenness"``, ``"exposure"``, ``"diversity"`` … ``"ordinal"``, which means something only
        where groups are ordered from low to high, is left out unless asked for.

    Returns
    -------
    DataFrame
        One row an index, or an index and group: `index`, `symbol`, `dimension`, `value`, `expected` (by chance, with
        unit sizes fixed; NaN where no closed form holds), `units` (with residents), `median_unit` (residents of the
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
    if isinstance(data, DataFrameGroupBy):
        return _by_place(data, groups, dimension)
    pop = as_population(data, groups)
    sizes = pop.sizes[pop.sizes > 0]
    rows = [row for index in shelf.values() if _fits(index, pop, dimension) for row in _rows(index, pop)]
    table = pd.DataFrame(rows, columns=["index", "symbol", "dimension", "value", "expected", "groups", "source"])
    table.insert(5, "units", len(sizes))
    table.insert(6, "median_unit", float(np.median(sizes)))
    return table


def _by_place(
    places: DataFrameGroupBy[Any, Any], groups: Sequence[Hashable] | None, dimension: str | None
) -> pd.DataFrame:
    tables = {key: summary(frame, groups=groups, dimension=dimension) for key, frame in places}
    if not tables:
        msg = "there is no place to measure: the grouped frame has no rows"
        raise DataError(msg)
    named = [name if name is not None else f"place_{i}" for i, name in enumerate(places.size().index.names)]
    joined: pd.DataFrame = pd.concat(tables, names=named).reset_index(level=named).reset_index(drop=True)
    return joined


def _fits(index: Index, pop: Population, dimension: str | None) -> bool:
    wanted = index.dimension != "ordinal" if dimension is None else index.dimension == dimension
    readable = index.answer in ("number", "groups") and not index.about.needs
    return wanted and readable and index.groups in (None, len(pop.groups))


def _rows(index: Index, pop: Population) -> Iterator[list[Any]]:
    value, expected = index(pop), index.expected(pop)
    about = [index.__name__, index.symbol, index.dimension]
    if index.answer == "number":
        by_chance = np.nan if expected is None else expected
        yield [*about, value, by_chance, ", ".join(map(str, pop.groups)), index.source]
        return
    for group in pop.groups:
        by_chance = np.nan if expected is None else expected[group]
        yield [*about, value[group], by_chance, str(group), index.source]
