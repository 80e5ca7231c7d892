"""For the paper: references, a paragraph on methods, tables in files with small counts left out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import segregation_tools
from segregation_tools.errors import CapabilityError, DataError, lacking, listed
from segregation_tools.indices.index import Index, stocked
from segregation_tools.population.options import writable
from segregation_tools.population.population import Population, as_population

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike
    from pathlib import Path

__all__ = ["cite", "export", "methods"]


def _indices(used: Iterable[Index | str | pd.DataFrame]) -> Iterator[Index]:
    """List indices given as such, by name, or as a summary table."""
    shelf = stocked()
    for one in used:
        if isinstance(one, pd.DataFrame) and "index" not in one:
            msg = "a table must be one of summary(), with the column 'index'; name the index itself"
            raise DataError(msg)
        names = one["index"] if isinstance(one, pd.DataFrame) else [one]
        for name in dict.fromkeys(names):
            if isinstance(name, Index):
                yield name
            elif name in shelf:
                yield shelf[name]
            else:
                msg = f"no index {name!r}; there are {listed(shelf, 60)}"
                raise DataError(msg)


def cite(*used: Index | str | pd.DataFrame) -> str:
    """Write the sources of indices as BibTeX.

    Parameters
    ----------
    *used : Index, str or DataFrame
        Indices, their names, or a table of `summary`; every index on the shelf where nothing is named.

    Returns
    -------
    str
        One entry a source, sorted by key.

    Examples
    --------
    >>> print(cite(sgt.dissimilarity)[:20])
    @article{duncan1955,
    """
    named = list(_indices(used)) if used else list(stocked().values())
    found = {reference.key: reference.bibtex for index in named for reference in index.references}
    return "\n\n".join(found[key] for key in sorted(found))


def methods(pop: Population, *used: Index | str | pd.DataFrame, data: str, min_count: float = 5) -> str:
    """Write a paragraph for a paper: data, groups, units, scale, indices, software.

    Parameters
    ----------
    pop : Population
        What was measured.
    *used : Index, str or DataFrame
        Indices, their names, or a table of `summary`.
    data : str
        Source and date of the data, as it should be read.
    min_count : float
        Sizes of units below it are not told.

    Returns
    -------
    str

    Examples
    --------
    >>> pop = sgt.Population([[90, 10], [10, 90]], groups=["a", "b"])
    >>> text = methods(pop, sgt.dissimilarity, data="an example")
    >>> "2 units (median 100 residents, from 100 to 100)" in text
    True
    """
    pop = as_population(pop)
    sizes = pop.sizes[pop.sizes > 0]
    middle, smallest, largest = (
        f"fewer than {min_count:g}" if size < min_count else f"{size:,.0f}"
        for size in (np.median(sizes), sizes.min(), sizes.max())
    )
    others = 0 if pop.stated_total is None else pop.stated_total.sum() - pop.group_totals.sum()
    outside = f" {others:,.0f} people of no named group are left out." if others >= min_count else ""
    groups = ", ".join(f"{group} ({share:.1%})" for group, share in zip(pop.groups, pop.mix, strict=True))
    compared = (
        f"{pop.groups[0]} with {pop.groups[1]}" if len(pop.groups) == 2 else f"all {len(pop.groups)} groups at once"
    )
    tiers = "" if pop.tiers is None else f" Units nest in {', '.join(map(str, pop.tiers))}."
    empty = len(pop) - len(sizes)
    without = f" {empty:,} units without residents count for nothing." if empty else ""
    crs = pop.geography.crs
    place = "" if crs is None else f" Coordinates are {crs.to_string()}."
    met = (
        "Residents meet those who live in the same unit."
        if pop.recipe is None
        else f"Residents meet {pop.recipe}; they weigh where they live ({pop.recipe!r})."
    )
    measured = "; ".join(f"{_named(index)} {index.symbol} ({index.source})" for index in _indices(used))
    indices = f" We report {measured}." if measured else ""
    return (
        f"Data: {data}. We compare {compared}: {groups}, {pop.group_totals.sum():,.0f} people in {len(sizes):,} units "
        f"(median {middle} residents, from {smallest} to {largest}).{outside}{without}{tiers}{place} "
        f"{met}{indices} Entropies are in nats. Values depend on the size of units; compare only places measured alike. "
        f"Computed with segregation_tools {segregation_tools.__version__}."
    )


def _named(index: Index) -> str:
    options = ", ".join(f"{name}={value!r}" for name, value in index.options.items())
    return f"{index.__name__}({options})" if options else index.__name__


def export(table: Population | pd.DataFrame, path: str | PathLike[str], *, min_count: float = 5) -> Path:
    """Write a population or a table to a file that may leave the house.

    Parameters
    ----------
    table : Population or DataFrame
        Of a population, counts above 0 and below `min_count` are left out, and so is a stated total from which they could
        be had. A table of indices holds no counts but the size of units; a frame of your own is written as it is.
    path : path-like
        Ends in ``.csv``, ``.tex`` or ``.xlsx``. In the last, text is never taken for a formula, however it begins.
    min_count : float
        Smallest count that is published.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If something else than a population or a table is given; a plan is written by `Plan.to_file`.
    CapabilityError
        If the ending is another, or what writes it is not installed.

    Examples
    --------
    Counts below 5 are left out.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = sgt.export(sgt.Population([[90, 3], [10, 90]], groups=["a", "b"]), Path(folder) / "counts.csv")
    ...     print(path.read_text())
    ,a,b
    0,90.0,10.0
    1,,90.0
    """
    target = writable(path)
    if isinstance(table, Population):
        frame = pd.DataFrame(table.to_frame(export=True, min_count=min_count)).drop(columns="geometry", errors="ignore")
    else:
        _refuse_no_table(table)
        frame = table
        if "median_unit" in frame:
            frame = frame.assign(median_unit=frame["median_unit"].where(frame["median_unit"] >= min_count))
    writers: dict[str, Any] = {
        ".csv": frame.to_csv,
        ".tex": partial(frame.to_latex, escape=True),
        ".xlsx": partial(_to_excel, frame),
    }
    if target.suffix not in writers:
        msg = f"files end in {listed(writers)}, not {target.suffix!r}"
        raise CapabilityError(msg)
    try:
        writers[target.suffix](target)
    except ImportError as absent:
        raise lacking(f"{target.suffix} files need one more package", "report", absent) from absent
    return target


def _refuse_no_table(table: Any) -> None:
    if isinstance(table, (pd.DataFrame, pd.Series)):
        return
    msg = f"export writes a population or a table, not {type(table).__name__}"
    if hasattr(table, "to_file"):
        msg += ": plan.to_file('plan.csv') writes a plan, and plan.to_frame() gives its table"
    elif hasattr(table, "to_frame"):
        msg += ": give its table, export(result.to_frame(), path)"
    raise DataError(msg)


def _to_excel(frame: pd.DataFrame, target: Path) -> None:
    """Write a sheet in which text is only ever text."""
    with pd.ExcelWriter(target, engine="openpyxl") as book:
        frame.to_excel(book)
        for row in book.book.active.iter_rows():
            for cell in row:
                if cell.data_type in ("f", "e"):  # a label such as =1+1, or one that reads like an error
                    cell.data_type, cell.quotePrefix = "s", True
