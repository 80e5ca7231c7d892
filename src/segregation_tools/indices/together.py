"""Several indices, in one environment or in several, measured in one pass over the population."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from segregation_tools.errors import OptionError
from segregation_tools.indices.blocks import added_up
from segregation_tools.indices.index import Index
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import pandas as pd

    from segregation_tools.population.population import Population

__all__ = ["measure", "values_in"]


def measure(
    data: Population | pd.DataFrame, indices: Sequence[Index], *, groups: Sequence[Hashable] | None = None
) -> dict[str, Any]:
    """Measure several indices in one pass: on a large grid, those whom residents meet are worked out once for all.

    Parameters
    ----------
    data : Population, GeoDataFrame or DataFrame
        A frame needs `groups`.
    indices : sequence of Index
        Such as ``[sgt.dissimilarity, sgt.atkinson.bind(b=0.9)]``.
    groups : sequence, optional
        Columns of counts.

    Returns
    -------
    dict
        Name of each index → its value, as if it were called alone.

    Raises
    ------
    OptionError
        If something else than an index is among them, or one comes twice.

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> {name: round(value, 3) for name, value in sgt.measure(pop, [sgt.dissimilarity, sgt.gini]).items()}
    {'dissimilarity': 0.8, 'gini': 0.8}
    """
    pop = as_population(data, groups)
    if not isinstance(indices, (list, tuple)) or not all(isinstance(index, Index) for index in indices):
        msg = f"indices must be a list of indices, such as [sgt.dissimilarity], not {indices!r}"
        raise OptionError(msg)
    names = [index.__name__ for index in indices]
    if len(set(names)) < len(names):
        msg = f"each index once, since its name stands for its value: {names}. Measure it again with other options"
        raise OptionError(msg)
    return dict(zip(names, values_in([pop], indices)[0], strict=True))


def values_in(pops: Sequence[Population], indices: Sequence[Index]) -> list[list[Any]]:
    """Measure indices in populations of the same residents, who meet others in each of them.

    Parameters
    ----------
    pops : sequence of Population
        The same counts, in one environment or in several.
    indices : sequence of Index
        What is measured.

    Returns
    -------
    list of lists
        For each population, the value of each index.
    """
    values: list[list[Any]] = [[None] * len(indices) for _ in pops]
    summands = {i: summand for i, index in enumerate(indices) if (summand := index.summand_of(pops[0])) is not None}
    for i, index in enumerate(indices):
        if i not in summands:
            for row, pop in zip(values, pops, strict=True):
                row[i] = index(pop)
    if summands:
        sums = added_up(pops, list(summands.values()), pops[0].group_totals / pops[0].group_totals.sum())
        for row, pop, found in zip(values, pops, sums, strict=True):
            for i, added in zip(summands, found, strict=True):
                row[i] = indices[i].finished(pop, added)
    return values
