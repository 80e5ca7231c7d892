"""Rebuild ``sample_data/`` from packages on PyPI: ``python scripts/build_sample_data.py``.

The source is the sdist of libpysal 4.0.1 (BSD-3-Clause), whose examples hold data of the US Census Bureau and of the
North Carolina and US county teaching sets. What is invented is drawn here with a fixed seed.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import shapely

from segregation_tools.population.synthetic import school_zones

OUT = Path(__file__).resolve().parents[1] / "sample_data"
SOURCE = "libpysal==4.0.1"
UTM = 32610  # UTM zone 10N, where Sacramento lies
SIDE = 1000.0  # metres, of an invented block


def examples(folder: Path) -> Path:
    """Download the sdist and unpack its examples."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--quiet", "--dest", str(folder), SOURCE], check=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.glob("libpysal-*") if path.is_dir()) / "libpysal" / "examples"


def write(frame: pd.DataFrame, name: str, layer: str | None = None) -> None:
    """Write one layer; the same input gives the same bytes."""
    path = OUT / f"{name}.gpkg"
    if layer is None:
        path.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        frame.reset_index(), path, layer=layer or name, driver="GPKG", layer_options={"SPATIAL_INDEX": "NO"}
    )
    print(f"{path.name}: {layer or name}, {len(frame)} rows, {path.stat().st_size / 1e6:.2f} MB so far")


def sacramento(folder: Path) -> geopandas.GeoDataFrame:
    """Census tracts of the Sacramento area, geometry as published."""
    raw = geopandas.read_file(folder / "sacramento2" / "sacramentot2.shp").set_crs(4269)
    named = {"WHITE_": "white", "BLACK_": "black", "ASIAN_": "asian", "HISP_": "hispanic", "MULTI_RA": "multiracial"}
    tracts = raw[["FIPS", *named, "TOT_POP", "geometry"]].rename(columns={"FIPS": "GEOID", "TOT_POP": "total", **named})
    tracts.insert(6, "other", tracts["total"] - tracts[list(named.values())].sum(axis=1))
    tracts.insert(8, "county", tracts["GEOID"].str[:5])
    return tracts.set_index("GEOID")


def nc_births(folder: Path) -> geopandas.GeoDataFrame:
    """Live births in the counties of North Carolina."""
    raw = geopandas.read_file(folder / "sids2" / "sids2.shp").set_crs(4267)
    births = raw[["FIPS", "NAME", "geometry"]].rename(columns={"NAME": "name"})
    for year in (1979, 1974):
        short = str(year)[2:]
        births.insert(2, f"nonwhite_{year}", raw[f"NWBIR{short}"].astype(int))
        births.insert(2, f"white_{year}", (raw[f"BIR{short}"] - raw[f"NWBIR{short}"]).astype(int))
    return births.set_index("FIPS")


def us_counties(folder: Path) -> geopandas.GeoDataFrame:
    """Counties 1960–1990, simplified as a coverage so that neighbours still share their borders."""
    raw = geopandas.read_file(folder / "nat" / "NAT.shp").set_crs(4269)
    counties = raw[["FIPS", "NAME", "STATE_NAME", "geometry"]].rename(columns={"NAME": "name", "STATE_NAME": "state"})
    for year in (1960, 1970, 1980, 1990):
        short = str(year)[2:]
        black = np.rint(raw[f"PO{short}"] * raw[f"BLK{short}"] / 100).astype(int)
        counties[f"black_{year}"] = black
        counties[f"other_{year}"] = raw[f"PO{short}"].astype(int) - black
    simplified = shapely.coverage_simplify(counties.geometry.to_numpy(), 0.02)
    counties["geometry"] = shapely.set_precision(simplified, 1e-4, mode="pointwise")
    return counties.set_index("FIPS")


def streets(folder: Path) -> geopandas.GeoDataFrame:
    """Streets of New Haven, as published by the Census Bureau (TIGER)."""
    raw = geopandas.read_file(folder / "newHaven" / "newhaven_nework.shp")
    named = raw[["FULLNAME", "MTFCC", "geometry"]].rename(columns={"FULLNAME": "name", "MTFCC": "class"})
    return named.explode().reset_index(drop=True).rename_axis("street")


def invented(tracts: geopandas.GeoDataFrame) -> tuple[geopandas.GeoDataFrame, ...]:
    """Draw blocks, pupils, schools and streets on the built-up tracts of Sacramento County."""
    rng = np.random.default_rng(2000)
    groups = ["white", "black", "asian", "hispanic"]
    built = tracts[tracts["county"] == "06067"].to_crs(UTM)
    built = built[built["total"] / built.area * 1e6 > 400]
    west, south, east, north = built.total_bounds
    x, y = np.meshgrid(np.arange(west // SIDE, east // SIDE + 1), np.arange(south // SIDE, north // SIDE + 1))
    x, y = x.ravel() * SIDE, y.ravel() * SIDE
    cells = geopandas.GeoDataFrame(geometry=geopandas.GeoSeries(shapely.box(x, y, x + SIDE, y + SIDE), crs=UTM))

    # People are spread evenly over their tract; a block has those of the parts of tracts that it covers.
    parts = geopandas.overlay(cells.reset_index(names="cell"), built[["geometry"]].reset_index(), keep_geom_type=True)
    share = parts.area / built.area.reindex(parts["GEOID"]).to_numpy()
    people = built[groups].reindex(parts["GEOID"]).mul(share.to_numpy(), axis=0).groupby(parts["cell"].to_numpy()).sum()
    people = people[people.sum(axis=1) > 150]

    # One connected city: the largest set of blocks that touch.
    at = {(cells.geometry[i].bounds[0], cells.geometry[i].bounds[1]): i for i in people.index}
    seen: set[int] = set()
    city: list[int] = []
    for start in people.index:
        reached, frontier = set[int](), [start]
        while frontier:
            i = frontier.pop()
            if i in reached or i in seen:
                continue
            reached.add(i)
            left, low = cells.geometry[i].bounds[:2]
            steps = ((left + SIDE, low), (left - SIDE, low), (left, low + SIDE), (left, low - SIDE))
            frontier += [at[step] for step in steps if step in at]
        seen |= reached
        city = max(city, sorted(reached), key=len)

    place = cells.geometry[city].reset_index(drop=True)
    pupils = pd.DataFrame(rng.poisson(people.loc[city] * 0.045), columns=groups)
    blocks, schools, travel = school_zones(place, pupils, 60, rng)
    edges = shapely.get_parts(shapely.node(shapely.union_all(place.boundary.to_numpy())))
    lattice = geopandas.GeoDataFrame(geometry=geopandas.GeoSeries(edges, crs=UTM)).rename_axis("street")
    return blocks, schools, travel.round(2), lattice


def main() -> None:
    """Rebuild every file."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00.000Z"})
    with tempfile.TemporaryDirectory() as folder:
        found = examples(Path(folder))
        tracts = sacramento(found)
        write(tracts, "sacramento")
        write(nc_births(found), "nc_births")
        write(us_counties(found), "us_counties")
        write(streets(found), "streets")
    blocks, schools, travel, lattice = invented(tracts)
    write(blocks, "sacramento_district")
    write(schools, "sacramento_district", "schools")
    write(travel, "sacramento_district", "travel")
    write(lattice, "sacramento_streets")


if __name__ == "__main__":
    main()
