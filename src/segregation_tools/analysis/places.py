"""Many places beside each other: at one scale, with chance taken out, and with what can be said of their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import pandas as pd

from segregation_tools.analysis.null_models import null_model
from segregation_tools.analysis.replicates import begun_by, checked_level, mean_of, measurable, quantiles, replicated
from segregation_tools.analysis.resampling import people_drawn
from segregation_tools.environments.nearest import NearestPeople
from segregation_tools.environments.radius import Radius
from segregation_tools.errors import (
    CapabilityError,
    DataError,
    DataWarning,
    GroupError,
    OptionError,
    SegregationError,
    UndefinedWarning,
    listed,
    warn,
)
from segregation_tools.indices.evenness import dissimilarity, information_theory
from segregation_tools.indices.index import Index
from segregation_tools.population.options import real_number
from segregation_tools.population.population import Population, as_population

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["compare"]

PEOPLE = 1 << 40  # tells draws of people from those of chance
ROUNDING = 1e-12  # values that differ by less are tied
ALIKE = 2  # times as many residents in the median unit of one place as in that of another


def compare(
    places: Mapping[Hashable, Population],
    *,
    indices: Sequence[Index] | Index = (dissimilarity, information_theory),
    radius: float | None = None,
    people: float | None = None,
    kernel: str = "uniform",
    draws: int = 200,
    level: float = 0.95,
    rng: np.random.Generator | int | None = None,
) -> pd.DataFrame:
    """Measure many places alike, and say what can be said of their order.

    Parameters
    ----------
    places : mapping
        Name → Population. The same groups everywhere; coordinate systems may differ.
    indices : sequence of Index
        With one value each; or one of them.
    radius : float, optional
        Everywhere, residents meet those who live within so many metres (as in `Radius`).
    people : float, optional
        Instead: so many nearest people (as in `NearestPeople`).
    kernel : str
        Of the radius.
    draws : int
        How many populations are drawn in each place: of chance, and of its people.
    level : float
        Of the intervals.
    rng : Generator or int
        Source of chance.

    Returns
    -------
    DataFrame
        One row a place and index, in the order given: `place`, `index`, `symbol`, `value`, `expected` (by chance, with unit
        sizes fixed), `adjusted` ((value − expected)/(1 − expected); value − expected where the index has no largest value of
        1), `low` and `high` (the interval of `adjusted`), `rank_low` and `rank_high` (between which ranks the place lies, 1
        being the highest value), `units` (with residents), `median_unit`, `people`.

    Raises
    ------
    GroupError
        If places have different groups.
    DataError
        If a place cannot be measured; it is named.

    Warns
    -----
    DataWarning
        If units differ in size, in the length of their codes, or in whom residents meet.

    Notes
    -----
    There is no order of places in the table, and no rank: what the intervals of ranks share is not known to differ. All of
    them hold at once in `level` of all cases: differences between places are set beside the largest of all studentised
    differences that drawing people again makes.

    References
    ----------
    Mogstad, M., Romano, J., Shaikh, A. & Wilhelm, D. (2024), Inference for ranks with applications to mobility across
    neighbourhoods and academic achievement across countries, Review of Economic Studies 91, 476–518. Winship, C. (1977),
    A revaluation of indexes of residential segregation, Social Forces 55, 1058–1066.

    Examples
    --------
    >>> towns = {name: sgt.synthetic_city(name, rng=1) for name in ("checkerboard", "gradient", "random")}
    >>> found = sgt.compare(towns, indices=[sgt.dissimilarity], rng=7)
    >>> found[["place", "value", "rank_low", "rank_high"]].round(2)
              place  value  rank_low  rank_high
    0  checkerboard   1.00         1          1
    1      gradient   0.50         2          2
    2        random   0.07         3          3
    """
    pops = _placed(places, radius, people, kernel)
    chosen = [measurable(index) for index in ([indices] if isinstance(indices, Index) else indices)]
    several = [index.__name__ for index in chosen if index.answer != "number"]
    if several or not chosen:
        msg = f"compare takes indices with one value; not so: {listed(several) or 'none was given'}"
        raise CapabilityError(msg)
    number = int(real_number(draws, "draws", 2, "a whole number of populations", whole=True))
    checked_level(level)
    _tell_of_differences(pops)
    root = begun_by(rng)
    measured = {name: _measured(name, pop, chosen, number, root) for name, pop in pops.items()}
    values, expected, off = (np.stack([one[part] for one in measured.values()]) for part in range(3))
    room = np.where([index.bounds[1] == 1 for index in chosen], 1 - expected, 1)
    if not (room > ROUNDING).all():
        names = [name for name, rooms in zip(pops, room, strict=True) if not (rooms > ROUNDING).all()]
        warn(f"chance alone separates all groups in {listed(names)}: adjusted is undefined (NaN)", UndefinedWarning)
        room[~(room > ROUNDING)] = np.nan
    adjusted, off = (values - expected) / room, off / room[:, np.newaxis]  # (places, indices), (places, draws, indices)
    ends = [quantiles(off[:, :, i].T, [(1 + level) / 2, (1 - level) / 2]) for i in range(len(chosen))]
    ranks = [_ranks(adjusted[:, i], off[:, :, i], level) for i in range(len(chosen))]
    rows = []
    for p, (name, pop) in enumerate(pops.items()):
        sizes = pop.sizes[pop.sizes > 0]
        of_place = {"units": len(sizes), "median_unit": float(np.median(sizes)), "people": float(sizes.sum())}
        for i, index in enumerate(chosen):
            low, high = adjusted[p, i] - ends[i][:, p]
            rows.append(
                {
                    "place": name,
                    "index": index.__name__,
                    "symbol": index.symbol,
                    "value": values[p, i],
                    "expected": expected[p, i],
                    "adjusted": adjusted[p, i],
                    "low": low,
                    "high": high,
                    "rank_low": ranks[i][0][p],
                    "rank_high": ranks[i][1][p],
                    **of_place,
                }
            )
    return pd.DataFrame(rows).astype({"rank_low": "Int64", "rank_high": "Int64"})


def _placed(
    places: Mapping[Hashable, Population], radius: float | None, people: float | None, kernel: str
) -> dict[Hashable, Population]:
    """Check that places can be compared, and put each into the environment of the common scale."""
    if not isinstance(places, Mapping) or not len(places):
        msg = "places must be a mapping of names to populations, {'Sacramento': pop, …}"
        raise DataError(msg)
    if radius is None and kernel != "uniform":
        msg = f"kernel={kernel!r} is of a radius: give radius=, or leave it out"
        raise OptionError(msg)
    if radius is not None and people is not None:
        msg = "one scale: radius= (metres) or people= (how many), not both"
        raise OptionError(msg)
    pops = {name: as_population(pop) for name, pop in places.items()}
    first, *others = pops
    for name in others:
        if set(pops[name].groups) != set(pops[first].groups):
            msg = (
                f"the groups differ: {listed(pops[first].groups)} in {first!r}, {listed(pops[name].groups)} in {name!r}. "
                "Name them alike, frame.rename(columns=...), and choose the same, pop[[...]]"
            )
            raise GroupError(msg)
        if pops[name].groups != pops[first].groups:
            pops[name] = pops[name][list(pops[first].groups)]
    if radius is None and people is None:
        return pops
    bound = [name for name, pop in pops.items() if pop.recipe is not None]
    if bound:
        msg = f"compare chooses the environment itself: give it the populations without one, {listed(bound)}"
        raise CapabilityError(msg)
    recipe = NearestPeople(people) if radius is None else Radius(radius, kernel)  # type: ignore[arg-type]  # one is given
    return {name: _named(name, pop.within, recipe) for name, pop in pops.items()}


def _named(name: Hashable, do: Any, *arguments: Any) -> Any:
    """Do something with a place, and name it where that is refused."""
    try:
        return do(*arguments)
    except SegregationError as refusal:
        raise type(refusal)(f"place {name!r}: {refusal}") from refusal


def _measured(
    name: Hashable, pop: Population, indices: Sequence[Index], draws: int, root: int
) -> tuple[Floats, Floats, Floats]:
    """Values, what chance gives, and how far drawn people are off their mean, (draws, indices)."""
    mine = root ^ crc32(repr(name).encode())  # whatever other places there are, and in whichever order

    def measured() -> tuple[Floats, Floats, Floats]:
        values = np.array([index(pop) for index in indices])
        chance = replicated(indices, [pop], null_model("random_allocation", pop), mine, 0, draws)
        drawn = replicated(indices, [pop], people_drawn(pop), mine ^ PEOPLE, 0, draws)
        return values, mean_of(chance), drawn - mean_of(drawn)

    found: tuple[Floats, Floats, Floats] = _named(name, measured)
    return found


def _ranks(values: Floats, off: Floats, level: float) -> tuple[list[Any], list[Any]]:
    """Between which ranks each place lies: which others are higher, or lower, beyond what drawing people again makes."""
    known = ~np.isnan(values)
    off = np.nan_to_num(off)
    variance = off.var(axis=1, ddof=1)
    errors = np.sqrt(variance[:, np.newaxis] + variance)
    largest = np.zeros(off.shape[1])
    for j in np.flatnonzero(known):
        others = known & (np.arange(len(values)) > j)
        error = np.where(errors[j] > ROUNDING, errors[j], np.inf)[others, np.newaxis]
        largest = np.maximum(largest, (np.abs(off[j] - off[others]) / error).max(axis=0, initial=0))
    beyond = np.maximum(np.quantile(largest, level) * errors, ROUNDING)
    apart = values - values[:, np.newaxis]  # NaN is neither higher nor lower
    higher, lower = (apart > beyond).sum(axis=1), (-apart > beyond).sum(axis=1)
    at = [
        (1 + int(above), int(known.sum() - below)) if there else (pd.NA, pd.NA)
        for above, below, there in zip(higher, lower, known, strict=True)
    ]
    return [low for low, _ in at], [high for _, high in at]


def _tell_of_differences(pops: Mapping[Hashable, Population]) -> None:
    """Warn where units, or whom residents meet, are not the same kind of thing in all places."""
    medians = {name: float(np.median(pop.sizes[pop.sizes > 0])) for name, pop in pops.items()}
    small, large = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
    if medians[large] > ALIKE * medians[small]:
        warn(
            f"units differ in size: the median one has {medians[small]:,.0f} residents in {small!r}, {medians[large]:,.0f} "
            f"in {large!r}. Small units look more segregated: take units alike, or one scale, radius= or people=",
            DataWarning,
        )
    for what, told in (
        ("units are labelled by codes of", {name: _digits(pop.units) for name, pop in pops.items()}),
        (
            "residents meet",
            {name: "those of their unit" if p.recipe is None else str(p.recipe) for name, p in pops.items()},
        ),
    ):
        kinds: dict[str, list[Hashable]] = {}
        for name, kind in told.items():
            if kind is not None:
                kinds.setdefault(kind, []).append(name)
        if len(kinds) > 1:
            cases = "; ".join(f"{kind} in {listed(names, 3)}" for kind, names in kinds.items())
            warn(f"places are not alike: {what} {cases}. Values can then not be compared", DataWarning)


def _digits(units: pd.Index[Any]) -> str | None:
    """How many digits the codes of units have, where they are codes of one length."""
    if units.nlevels > 1:
        return None
    labels = units.astype(str)
    lengths = labels.str.len().unique()
    return f"{lengths[0]} digits" if len(lengths) == 1 and lengths[0] > 1 and labels.str.isdigit().all() else None
