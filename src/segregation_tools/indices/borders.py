"""Indices that read which units touch: dissimilarity less what is met across borders, and how near the strongholds lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segregation_tools.errors import OptionError
from segregation_tools.indices.placed import of_the_map, undefined
from segregation_tools.population.adjacency import RULES
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import coo_array, csr_array

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

    Array = NDArray[np.float64]

WEIGHTS = ("adjacent", "border", "border_shape")


@of_the_map(
    symbol="D(adj)",
    dimension="evenness",
    bounds=(-np.inf, 1),
    source=["morrill1991", "wong1993", "tivadar2019"],
    groups=2,
)
def boundary_dissimilarity(
    x: Array,
    y: Array,
    geography: Geography | Grid,
    *,
    weights: str = "adjacent",
    order: int = 1,
    rule: str = "rook",
    standardize: str = "global",
    perimeter: str = "outline",
    falling: str = "exponential",
    rate: float = 1.0,
) -> float:
    """Dissimilarity, less how much the units on two sides of a border differ: people may meet across it.

    D − Σ_ij w_ij |p_i − p_j| with weights that add up to 1 over all pairs of units that touch: all alike (Morrill's D(adj)),
    by the length of the border (Wong's D(w)), or by that length times how much border the two units have for their area
    (Wong's D(s)). With `order` K, units up to K steps apart: D − Σ_k f(k) Σ c^k_ij |p_i − p_j| / Σ c^k_ij, over pairs
    exactly k steps apart (Tivadar 2019).

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    geography : Geography or Grid
        Borders.
    weights : {"adjacent", "border", "border_shape"}
        What the difference across a border weighs: 1, its length, or length × (r_i + r_j)/(2 max r), r = perimeter/area.
    order : int
        Up to how many steps apart; above 1 for ``"adjacent"`` only.
    rule : {"rook", "queen"}
        For ``"adjacent"``: whether units touch that share a stretch of border, or also a corner.
    standardize : {"global", "rows"}
        Whether weights are parts of those of all pairs, or of the pairs of each unit, every unit counting alike.
    perimeter : {"outline", "shared"}
        For ``"border_shape"``: the whole outline, or the part that is shared with other units.
    falling : {"exponential", "power"}
        f(k) = exp(−rate (k − 1)) or k^(−rate).
    rate : float
        How fast.

    Returns
    -------
    float
        At most D; it may fall below 0.

    Notes
    -----
    Units without residents are left out of all pairs. Units that overlap touch, but share a border only where their outlines
    run along each other.

    Examples
    --------
    On a checkerboard every border divides the groups: 1 − 1 = 0. Between two halves of 10 × 10 cells, 10 of 180 borders do.

    >>> cities = [sgt.synthetic_city(kind) for kind in ("checkerboard", "ghetto")]
    >>> [abs(round(sgt.boundary_dissimilarity(city), 4)) for city in cities]
    [0.0, 0.9444]
    """
    one_of(weights, "weights", WEIGHTS)
    one_of(standardize, "standardize", ("global", "rows"))
    one_of(perimeter, "perimeter", ("outline", "shared"))
    one_of(falling, "falling", ("exponential", "power"))
    one_of(rule, "rule", RULES)
    real_number(rate, "rate", 0, "a number")
    real_number(order, "order", 1, "a whole number of steps", whole=True)
    if weights != "adjacent":
        _unchanged(
            "adjacent", order=(order, 1), rule=(rule, "rook"), falling=(falling, "exponential"), rate=(rate, 1.0)
        )
    if weights != "border_shape":
        _unchanged("border_shape", perimeter=(perimeter, "outline"))
    dissimilarity = float(np.abs(x / x.sum() - y / y.sum()).sum() / 2)
    people = x + y
    p = np.where(people > 0, x / np.where(people > 0, people, 1), np.nan)  # NaN: nobody there to compare
    if weights == "adjacent":
        touching = geography.adjacency(rule)
        apart = [_difference(pairs.tocoo(), p, standardize) for pairs in _steps(touching, int(order))]
        steps = np.arange(1, len(apart) + 1, dtype=np.float64)
        f = np.exp(-rate * (steps - 1)) if falling == "exponential" else steps**-rate
        return dissimilarity - float(f @ apart)
    borders = geography.borders.tocoo()
    if weights == "border":
        return dissimilarity - _difference(borders, p, standardize)
    areas = np.asarray(geography.areas, dtype=np.float64).reshape(-1)
    if perimeter == "outline":
        outline = np.asarray(geography.perimeters, dtype=np.float64).reshape(-1)
    else:
        outline = np.asarray(geography.borders.sum(axis=1))
    shape = outline / areas
    a, b = borders.coords
    ratio = (shape[a] + shape[b]) / (2 * shape[people > 0].max())
    return dissimilarity - _difference(borders, p, standardize, ratio)


def _unchanged(weights: str, **options: tuple[object, object]) -> None:
    """Refuse options that only mean something with other weights, rather than ignore them."""
    for name, (given, default) in options.items():
        if given != default:
            msg = f"{name}={given!r} needs weights={weights!r}: with other weights it would change nothing"
            raise OptionError(msg)


def _difference(pairs: coo_array, p: Array, standardize: str, ratio: Array | float = 1.0) -> float:
    """Weighted mean of |p_i − p_j| over pairs in which both units have residents."""
    a, b = pairs.coords
    both = ~np.isnan(p[a] + p[b])
    a, b, w = a[both], b[both], pairs.data[both]
    if not len(w):
        return 0.0  # no border, nothing is met across it
    gaps = np.abs(p[a] - p[b]) * np.broadcast_to(ratio, both.shape)[both]
    if standardize == "rows":
        rows = np.bincount(a, w, minlength=len(p))
        return float((w / rows[a]) @ gaps) / int((~np.isnan(p)).sum())
    return float(w @ gaps / w.sum())


def _steps(touching: csr_array, order: int) -> list[csr_array]:
    """Pairs exactly one step apart, exactly two …, as far as there are any."""
    from scipy.sparse import csr_array, eye_array

    reached = csr_array(touching + eye_array(touching.shape[0]))
    steps = [touching]
    for _ in range(1, order):
        wider = csr_array(reached @ touching + reached)
        wider.data[:] = 1
        if wider.nnz == reached.nnz:
            break
        step = wider - reached
        step.eliminate_zeros()
        steps.append(step)
        reached = wider
    return steps


@of_the_map(symbol="SPP", dimension="clustering", bounds=(0, np.inf), source=["hong2014"], groups=2)
def spatial_proximity_profile(x: Array, y: Array, geography: Geography | Grid, *, rule: str = "queen") -> float:
    """How near to each other the units lie in which the first group is strongest, in steps across borders.

    η(τ) = (k² − k)/ΣΣ δ_ij over the k units where its share is at least τ, δ the number of steps between two of them;
    the index is [P − ∫₀^P η + ∫_P^1 η]/(1 − P), integrated exactly.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        People of the two groups.
    geography : Geography or Grid
        Which units touch.
    rule : {"queen", "rook"}
        Whether a corner is enough.

    Returns
    -------
    float
        NaN, with a warning, where some units with residents cannot be reached from others. Not 0 under an even spread.

    Examples
    --------
    Three cells in a row with shares 1, ½ and 0, P = ½: two cells have at least ½, one step apart, so that η is 1 up to ½
    and 0 above, where one is left: [½ − ½ + 0]/½ = 0.

    >>> row = sgt.Grid(1, 3, cell_size=100)
    >>> pop = sgt.Population([[[10, 5, 0]], [[0, 5, 10]]], groups=["a", "b"], geography=row)
    >>> sgt.spatial_proximity_profile(pop)
    0.0
    """
    from segregation_tools.kernels.steps import steps_to_stronger

    people = x + y
    home = np.flatnonzero(people > 0)
    share, overall = x[home] / people[home], float(x.sum() / people.sum())
    order = home[np.argsort(-share, kind="stable")]
    if len(home) < 2:
        return undefined("spatial_proximity_profile", "only one unit has residents")
    touching = geography.adjacency(rule)
    apart = steps_to_stronger(touching.indptr, touching.indices, order)
    if (apart < 0).any():
        return undefined("spatial_proximity_profile", "some units cannot be reached from others across borders")
    p = np.sort(share)[::-1]
    k = np.arange(1, len(p) + 1)
    near = np.where(k > 1, (k * k - k) / np.maximum(2 * np.cumsum(apart), 1), 0.0)
    last = np.append(p[1:] < p[:-1], True)  # units of one share come in together
    near, upper = near[last], p[last]
    lower = np.append(upper[1:], 0)

    def between(low: float, high: float) -> float:
        return float(near @ np.clip(np.minimum(upper, high) - np.maximum(lower, low), 0, None))

    return (overall - between(0, overall) + between(overall, 1)) / (1 - overall)
