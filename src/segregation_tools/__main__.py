"""The command line: ``python -m segregation_tools report FILE --groups a,b,c --out report.html``, and a demo."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process without.

    Returns
    -------
    int
        0, or 2 when the input was refused.
    """
    given = _parser().parse_args(arguments)
    from segregation_tools.errors import SegregationError

    try:
        given.run(given)
    except (SegregationError, OSError, ImportError) as refusal:
        print(f"{given.verb}: {refusal}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("segregation-tools", description="Measure spatial segregation.")
    verbs = parser.add_subparsers(required=True, dest="verb")
    page = verbs.add_parser("report", help="write a page about who lives where and who can meet whom")
    page.add_argument("file", type=Path, metavar="FILE", help="any file that geopandas reads: one row an area")
    page.add_argument("--groups", required=True, type=_names, help="columns of counts, a,b,c")
    page.add_argument("--tiers", type=_names, help="columns of broader places, broad to narrow, t,u")
    page.add_argument("--unit", help="column that labels the areas")
    page.add_argument("--total", help="column with all people, where the groups do not cover everyone")
    page.add_argument("--missing", choices=["refuse", "zero", "drop"], default="refuse", help="what no value means")
    page.add_argument("--layer", help="layer of the file")
    page.add_argument("--title", help="name of the place; the file's name without")
    page.add_argument("--min-count", type=float, default=5, help="smallest count that is told (default: 5)")
    page.add_argument("--draws", type=int, default=200, help="populations drawn for intervals and chance; 0: none")
    page.add_argument("--rng", type=int, default=1, help="where drawing begins: the same number, the same page")
    page.add_argument("--language", default="en", help="language of the page (default: en)")
    page.add_argument(
        "--out", type=Path, default=Path("report.html"), help="where to write: a page, .html, or a workbook, .xlsx"
    )
    page.set_defaults(run=_report)
    show = verbs.add_parser("demo", help="the main job on census tracts that come with the library")
    show.add_argument("--out", type=Path, default=Path("report.html"), help="where to write (default: report.html)")
    show.set_defaults(run=_demo)
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _report(given: argparse.Namespace) -> None:
    from segregation_tools.errors import DataError, listed
    from segregation_tools.population.population import Population
    from segregation_tools.views.page import report

    if not given.file.exists():
        msg = f"there is no file {given.file}"
        raise DataError(msg)
    frame = _table(given.file, given.layer)
    if given.unit is not None:
        if given.unit not in frame.columns:
            msg = f"no column {given.unit!r}; the columns are {listed(frame.columns, 30)}"
            raise DataError(msg)
        frame = frame.set_index(given.unit)
    pop = Population.from_frame(frame, given.groups, tiers=given.tiers, total=given.total, missing=given.missing)
    drawn = given.draws and given.out.suffix.lower() != ".xlsx"  # a workbook is of the counts alone
    chance = {"rng": given.rng, "draws": given.draws} if drawn else {}
    if chance and (pop.counts % 1 != 0).any():
        print("counts hold parts of people, whom chance cannot deal out: without intervals", file=sys.stderr)
        chance = {}
    made = report(
        pop,
        given.out,
        language=given.language,
        title=given.title or given.file.name,
        min_count=given.min_count,
        **chance,
    )
    print(made)


def _table(path: Path, layer: str | None) -> pd.DataFrame:
    """Read a file of areas; what it is follows from its name."""
    import geopandas
    import pandas as pd
    from pyogrio.errors import DataLayerError, DataSourceError

    from segregation_tools.errors import DataError

    kind = path.suffix.lower()
    if layer is not None and kind in (".parquet", ".geoparquet", ".csv"):
        msg = f"{path} has no layers: leave out --layer"
        raise DataError(msg)
    try:
        if kind == ".csv":
            return pd.read_csv(path)
        if kind in (".parquet", ".geoparquet"):
            return _parquet(path)
        return geopandas.read_file(path, **({"layer": layer} if layer else {}))  # type: ignore[no-any-return]
    except (DataSourceError, DataLayerError, ValueError) as unreadable:
        msg = f"{path} cannot be read: {unreadable}"
        raise DataError(msg) from unreadable


def _parquet(path: Path) -> pd.DataFrame:
    import geopandas
    import pandas as pd

    from segregation_tools.errors import lacking

    try:
        return geopandas.read_parquet(path)  # type: ignore[no-any-return]
    except ImportError as absent:
        raise lacking(f"{path.suffix} files need one more package", "parquet", absent) from absent
    except ValueError as unplaced:
        if "geo metadata" not in str(unplaced):
            raise
        return pd.read_parquet(path)


def _demo(given: argparse.Namespace) -> None:
    from segregation_tools.analysis.table import summary
    from segregation_tools.population.datasets import load
    from segregation_tools.population.population import Population
    from segregation_tools.views.page import report

    groups = ["white", "black", "asian", "hispanic"]
    tracts: Any = load("sacramento")
    tracts = tracts.to_crs(tracts.estimate_utm_crs())  # metres, for distances
    pop = Population.from_frame(tracts, groups, tiers=["county"], total="total")
    table = summary(pop, rng=1)[["index", "symbol", "dimension", "value", "expected", "low", "high", "groups"]]
    print(f"{pop}\n")
    print(table.to_string(index=False, float_format="{:.4f}".format, na_rep="", justify="left"))
    made = report(pop, given.out, title="Sacramento, census tracts, 2000", rng=1)
    print("\nexpected: what chance alone would give; low, high: a 95 % interval; both from 200 draws.")
    print(f"The page for the council: {made.resolve()}")


if __name__ == "__main__":
    sys.exit(main())
