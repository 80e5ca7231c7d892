"""The data sets that come with the library."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from segregation_tools.errors import DataError, listed

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

__all__ = ["load"]

# The column that labels the rows of each data set.
LABELS = {
    "sacramento": "GEOID",
    "nc_births": "FIPS",
    "us_counties": "FIPS",
    "streets": "street",
    "sacramento_district": "block",
    "sacramento_streets": "street",
}
LAYER_LABELS = {"schools": "school", "travel": "block"}


def sample_folder() -> Path:
    """Where the files lie: inside the installed package, else at the root of the checkout.

    Returns
    -------
    Path
    """
    package = Path(str(files("segregation_tools")))
    inside = package / "sample_data"
    return inside if inside.is_dir() else package.parents[1] / "sample_data"


def load(name: str, *, layer: str | None = None) -> GeoDataFrame | pd.DataFrame:
    """Read one of the data sets that come with the library.

    Parameters
    ----------
    name : str
        ``"sacramento"``: 403 census tracts, 2000 (`white`, `black`, `asian`, `hispanic`, `multiracial`, `other`, which
        add up to `total`; `county`). ``"nc_births"``: counties of North Carolina (`white_1974`, `nonwhite_1974`,
        `white_1979`, `nonwhite_1979`). ``"us_counties"``: 3,085 counties (`black_1960`, `other_1960` … `other_1990`,
        `state`). ``"streets"``: streets of New Haven, Connecticut. Invented, on the tracts of Sacramento:
        ``"sacramento_district"`` (blocks with pupils and the school they go to) and ``"sacramento_streets"``.
    layer : str, optional
        Of the district: ``"schools"`` (`block`, `seats`) or ``"travel"`` (minutes from each block to each school).

    Returns
    -------
    GeoDataFrame
        On the label of its rows; a DataFrame for the two layers.

    Examples
    --------
    >>> tracts = load("sacramento")
    >>> tracts.index.name, len(tracts), tracts.crs.to_epsg()
    ('GEOID', 403, 4269)
    """
    if name not in LABELS:
        msg = f"no data set {name!r}; there are {listed(LABELS, 20)}"
        raise DataError(msg)
    if layer is not None and (name != "sacramento_district" or layer not in LAYER_LABELS):
        msg = f"no layer {layer!r} in {name!r}; 'sacramento_district' has {listed(LAYER_LABELS)}"
        raise DataError(msg)
    import geopandas

    label = LABELS[name] if layer is None else LAYER_LABELS[layer]
    path = sample_folder() / f"{name}.gpkg"
    return geopandas.read_file(path, layer=layer or name).set_index(label)
