"""Names of PySAL segregation, and what differs where the index is the same."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, overload

import pandas as pd

from segregation_tools.errors import DataError, listed

if TYPE_CHECKING:
    from segregation_tools.indices.index import Index

__all__ = ["from_pysal"]

GROUP_AND_TOTAL = "PySAL takes a group and a total; here pop.versus(group) is the group against the rest"
SAME = "the same groups"
CENTRE = "; here the centre has to be named, and units equally far from it are taken together"
PAIRED = "; units without residents are left out of the pairs, and PySAL's answer may depend on the order of rows"
RISING = "; in PySAL 2.6.0 proximity rises with distance, here it falls, over a decay length that has to be named"
RANKS = "; over='units', focal=False, normalized=False adds up over ranked units as PySAL does"
SMOOTHED = "; with a local environment PySAL smooths the residents too, here they stay where they live"

# PySAL's name: (room, index here, what differs)
NAMES = {
    "Dissim": ("evenness", "dissimilarity", GROUP_AND_TOTAL),
    "Gini": ("evenness", "gini", GROUP_AND_TOTAL),
    "Entropy": ("evenness", "information_theory", GROUP_AND_TOTAL),
    "Atkinson": ("evenness", "atkinson", GROUP_AND_TOTAL + "; PySAL 2.6.0 always takes b = 0.5, whatever is asked for"),
    "MinMax": ("evenness", "min_max", GROUP_AND_TOTAL),
    "HutchensSqrt": ("evenness", "hutchens", GROUP_AND_TOTAL),
    "CorrelationR": ("evenness", "variance_ratio", GROUP_AND_TOTAL),
    "Isolation": ("exposure", "isolation", GROUP_AND_TOTAL + "; here a value for each group"),
    "Interaction": ("exposure", "interaction", GROUP_AND_TOTAL),
    "MultiDissim": ("evenness", "dissimilarity", SAME),
    "MultiGini": ("evenness", "gini", SAME + "; PySAL holds a matrix of units × units"),
    "MultiInfoTheory": (
        "evenness",
        "information_theory",
        SAME,
    ),
    "MultiDivergence": ("evenness", "divergence", SAME),
    "MultiNormExposure": ("evenness", "normalized_exposure", SAME),
    "MultiRelativeDiversity": ("evenness", "relative_diversity", SAME),
    "MultiSquaredCoefVar": ("evenness", "squared_coefficient_of_variation", SAME),
    "MultiDiversity": ("diversity", "entropy_diversity", SAME),
    "SimpsonsInteraction": ("diversity", "simpson_diversity", SAME),
    "SimpsonsConcentration": ("diversity", "simpson_diversity", SAME + "; PySAL gives 1 less this"),
    "MultiLocalEntropy": (
        "diversity",
        "entropy_diversity",
        SAME + "; take .local over the logarithm of the groups",
    ),
    "MultiLocalSimpsonConcentration": ("diversity", "simpson_diversity", SAME + "; take 1 less .local"),
    "MultiLocationQuotient": ("local", "location_quotient", SAME + "; here a labelled table"),
    "MultiLocalDiversity": ("diversity", "entropy_diversity", SAME + "; take .local"),
    "MultiLocalSimpsonInteraction": ("diversity", "simpson_diversity", SAME + "; take .local"),
    "SpatialDissim": ("borders", "boundary_dissimilarity", GROUP_AND_TOTAL + "; take rule='queen'" + PAIRED),
    "BoundarySpatialDissim": (
        "borders",
        "boundary_dissimilarity",
        GROUP_AND_TOTAL + "; take weights='border'" + PAIRED,
    ),
    "PARDissim": ("borders", "boundary_dissimilarity", GROUP_AND_TOTAL + "; take weights='border_shape'" + PAIRED),
    "SpatialProxProf": ("borders", "spatial_proximity_profile", GROUP_AND_TOTAL + "; integrated exactly"),
    "ConProf": ("concentration", "concentration_profile", GROUP_AND_TOTAL + "; in closed form"),
    "Delta": ("concentration", "delta", GROUP_AND_TOTAL),
    "AbsoluteConcentration": ("concentration", "absolute_concentration", GROUP_AND_TOTAL),
    "RelativeConcentration": ("concentration", "relative_concentration", GROUP_AND_TOTAL),
    "AbsoluteCentralization": ("centralization", "absolute_centralization", GROUP_AND_TOTAL + CENTRE),
    "RelativeCentralization": ("centralization", "relative_centralization", GROUP_AND_TOTAL + CENTRE),
    "SpatialProximity": ("clustering", "spatial_proximity", GROUP_AND_TOTAL + RISING),
    "AbsoluteClustering": ("clustering", "absolute_clustering", GROUP_AND_TOTAL + RISING),
    "RelativeClustering": ("clustering", "relative_clustering", GROUP_AND_TOTAL + RISING),
    "DistanceDecayIsolation": (
        "clustering",
        "distance_decay_exposure",
        GROUP_AND_TOTAL + RISING + "; take .iloc[0, 0]",
    ),
    "DistanceDecayInteraction": (
        "clustering",
        "distance_decay_exposure",
        GROUP_AND_TOTAL + RISING + "; take .iloc[0, 1]",
    ),
    "LocalRelativeCentralization": (
        "centralization",
        "local_centralization",
        GROUP_AND_TOTAL + "; nearest= is one more than PySAL's number of neighbours: the unit itself counts",
    ),
    "GlobalDistortion": ("multiscalar", "distortion", SAME + RANKS),
    "LocalDistortion": ("multiscalar", "distortion", SAME + RANKS + "; take .local"),
    "RankOrderInfoTheory": ("ordinal", "rank_order_information", SAME),
    "RankOrderVarianceRatio": ("ordinal", "rank_order_variance", SAME),
    "RankOrderSqrt": ("ordinal", "rank_order_squareroot", SAME),
}


@overload
def from_pysal(name: str) -> Index: ...
@overload
def from_pysal(name: None = None) -> pd.DataFrame: ...
def from_pysal(name: str | None = None) -> Index | pd.DataFrame:
    """Find the index that bears a name of PySAL segregation.

    Parameters
    ----------
    name : str, optional
        Such as ``"MultiInfoTheory"``; without, all names.

    Returns
    -------
    Index
        Its ``repr`` says what differs. Without a name, a DataFrame with the columns `index` and `differs`.

    Raises
    ------
    DataError
        If no index here bears that name.

    Examples
    --------
    >>> sgt.from_pysal("MultiDissim").__name__
    'dissimilarity'
    >>> sgt.from_pysal().loc["Dissim", "index"]
    'dissimilarity'
    """
    if name is None:
        rows = {known: {"index": index, "differs": differs + SMOOTHED} for known, (_, index, differs) in NAMES.items()}
        return pd.DataFrame(rows).T.rename_axis("pysal")
    if name not in NAMES:
        msg = f"no index here for PySAL's {name!r}; there are {listed(NAMES, 40)}"
        raise DataError(msg)
    room, index, differs = NAMES[name]
    found: Index = getattr(importlib.import_module(f"segregation_tools.indices.{room}"), index)
    return found.noted(f"PySAL's {name}: {differs}{SMOOTHED}")
