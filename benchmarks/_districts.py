"""Districts on which plans are made: three invented ones and Chicago, read from the folder that SGT_TEST_DATA names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.spatial.distance import cdist

import segregation_tools as sgt

if TYPE_CHECKING:
    from pathlib import Path

RULES = (sgt.capacity(within=0.15), sgt.contiguous(), sgt.longest_trip(ratio=1.5))
UTM = 26916  # metres around Chicago
CHILDREN = ("white", "black", "hisp", "asian", "other")


def district(folder: Path, size: str) -> dict[str, Any]:
    """Read an invented district as `rezone` takes it, the first group of pupils against the rest.

    `size` is blocks x schools, as in the file's name: 600x12, 2000x40, 10000x120.
    """
    with np.load(folder / "districts" / f"district_{size}_seed1.npz") as saved:
        blocks = pd.Index([f"B{i:05d}" for i in range(len(saved["pupils"]))])
        schools = pd.Index([f"S{i:03d}" for i in range(len(saved["school_block"]))])
        a, b = saved["edges"].T
        return {
            "pupils": sgt.Population(saved["pupils"].T, ["a", "b", "c"], units=blocks).versus("a"),
            "current": pd.Series(schools[saved["current"]], index=blocks),
            "schools": pd.DataFrame({"block": blocks[saved["school_block"]]}, index=schools),
            "travel": pd.DataFrame(saved["minutes"], index=blocks, columns=schools, dtype=float),
            "adjacency": coo_array((np.ones(len(a)), (a, b)), shape=(len(blocks), len(blocks))),
            "constraints": RULES,
        }


def unseen(blocks: int, schools: int, seed: int) -> dict[str, Any]:
    """Make another invented district, by the library's own generator."""
    made = sgt.synthetic_district(blocks, schools, rng=seed)
    return {
        "pupils": sgt.Population.from_frame(made.blocks, ["a", "b", "c"]).versus("a"),
        "current": made.blocks["school"],
        "schools": made.schools,
        "travel": made.travel,
        "constraints": RULES,
    }


def chicago(folder: Path, focal: str | None = None) -> dict[str, Any]:
    """Read Chicago's high-school zones with the children under 18 of its electoral precincts.

    All five groups, or one against the rest. Schools have no place in the file: the way is the straight line from a
    precinct's centroid to where the children of a zone live on average today, and counts as a minute a kilometre.
    """
    counted = [f"u18_{group}" for group in CHILDREN]
    units = geopandas.read_file(
        folder / "chicago_planning.gpkg", layer="units", columns=["unit_id", "zone_hs", *counted]
    )
    units = units.set_index("unit_id").to_crs(UTM).rename(columns=dict(zip(counted, CHILDREN, strict=True)))
    pupils = sgt.Population.from_frame(units, CHILDREN)
    at = np.column_stack([units.centroid.x, units.centroid.y])
    zones = pd.get_dummies(units["zone_hs"], dtype=float)
    children = zones.mul(pupils.sizes, axis=0)
    middle = (children.T @ at).div(children.sum(), axis=0)
    return {
        "pupils": pupils if focal is None else pupils.versus(focal),
        "current": units["zone_hs"],
        "schools": pd.DataFrame(index=zones.columns),
        "travel": pd.DataFrame(cdist(at, middle) / 1000, index=units.index, columns=zones.columns),
        "constraints": RULES,
    }


def chicago_elementary(folder: Path, focal: str | None = None) -> dict[str, Any]:
    """Read Chicago's elementary zones as `pair_schools` takes them, nine grades of equal size; see `chicago`."""
    counted = {f"u18_{group}": group for group in CHILDREN}
    units = geopandas.read_file(
        folder / "chicago_planning.gpkg", layer="units", columns=["unit_id", "zone_es", *counted]
    )
    units = units.set_index("unit_id").to_crs(UTM).rename(columns=counted)
    pupils = sgt.Population.from_frame(units, CHILDREN)
    return {
        "pupils": pupils if focal is None else pupils.versus(focal),
        "current": units["zone_es"],
        "schools": pd.DataFrame(index=np.unique(units["zone_es"])),
        "grades": 9,
    }
