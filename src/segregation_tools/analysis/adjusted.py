"""Indices with what chance gives taken out: indices again, which every generic verb takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.analysis.chance import expected
from segregation_tools.analysis.null_models import NULLS, whole_people
from segregation_tools.analysis.replicates import begun_by, measurable, replicated
from segregation_tools.errors import CapabilityError
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.indices.index import Index, Sums
from segregation_tools.indices.placed import undefined
from segregation_tools.population.options import one_of, real_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Seeds = NDArray[np.uint64]

__all__ = ["adjusted"]

ROUNDS = 60
FLAT = 300.0  # beyond, tanh is 1
SCALED = ("winship", "carrington_troske")
METHODS = (*SCALED, "bias", "leave_one_out", "density")


def adjusted(
    index: Index,
    *,
    method: str = "winship",
    null: str | None = None,
    draws: int = 200,
    rng: np.random.Generator | int | None = None,
) -> Index:
    """Make an index of an index: its value with what chance alone gives taken out.

    Parameters
    ----------
    index : Index
        With one value, 1 under complete separation; for ``"bias"`` any with one value.
    method : {"winship", "carrington_troske", "bias", "leave_one_out", "density"}
        - ``"winship"``: (v − E)/(1 − E), E being the value by chance (Winship 1977).
        - ``"carrington_troske"``: the same, but (v − E)/E where v is below E (Carrington & Troske 1997).
        - ``"bias"``: 2v − mean v*, v* measured where the members of each group settle anew, each in the unit of one of
          them (Allen et al. 2015): takes out how much v is too high because people are few.
        - ``"leave_one_out"``: D and V of two groups, where nobody is counted among those whom he meets: 0 on average under
          random allocation (Fossett 2017). Units with one resident are left out.
        - ``"density"``: D of two groups, ½ Σ σ_i z_i: each difference q_i − r_i between the shares of the groups that live
          in unit i is shrunk by its standard error σ_i; z is the largest root of z = θ tanh(zθ), θ = abs(q − r)/σ (Allen et
          al. 2015).
    null : str, optional
        How chance deals people out, as in `expected`.
    draws : int
        How many populations are drawn, where they are.
    rng : Generator or int, optional
        Source of chance; without, the value by chance comes in closed form, where there is one. Each measurement of the new
        index begins it anew, so that it is a function of the population.

    Returns
    -------
    Index

    Raises
    ------
    CapabilityError
        If the index has several values, or its largest value is not 1.

    Notes
    -----
    0 is what chance gives, below 0 less than that; 1 stays 1. Never clipped.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> fair = sgt.adjusted(sgt.dissimilarity)
    >>> round(sgt.dissimilarity(tracts, groups=["black", "white"]), 4), round(fair(tracts, groups=["black", "white"]), 4)
    (0.58, 0.57)
    """
    index = measurable(index)
    one_of(method, "method", METHODS)
    if index.counts_people:
        msg = f"{index.__name__} is adjusted already"
        raise CapabilityError(msg)
    if index.answer != "number":
        msg = f"{index.__name__} has several values; chance is taken out of an index with one"
        raise CapabilityError(msg)
    if method == "leave_one_out" and index.about.contact is None:
        msg = (
            f"{index.__name__} is no difference of mean contacts: leave_one_out takes dissimilarity and variance_ratio"
        )
        raise CapabilityError(msg)
    if method == "density" and index.formula is not dissimilarity.formula:
        msg = f"the density correction is derived for dissimilarity alone, not for {index.__name__}"
        raise CapabilityError(msg)
    if method in SCALED and index.bounds[1] != 1:
        msg = f"{index.__name__} has no largest value of 1, so that (v − E)/(1 − E) says nothing; method='bias' does"
        raise CapabilityError(msg)
    if null is not None:
        one_of(null, "null", tuple(NULLS))
    number = int(real_number(draws, "draws", 1, "a whole number of populations", whole=True))
    if rng is None and (method == "bias" or null is not None):
        begun_by(rng)
    return Adjusted(index, method, null, number, None if rng is None else begun_by(rng))


class Adjusted(Index):
    """Measured as its index is, with what chance gives taken out."""

    counts_people = True

    def __init__(self, index: Index, method: str, null: str | None, draws: int, root: int | None) -> None:
        about = replace(
            index.about, within=None, expected=None, zonal=None, finish=None, symbol=f"{index.symbol} adjusted"
        )
        if method in ("leave_one_out", "density"):
            about = replace(about, groups=2)
        super().__init__(index.formula, about, index.options)
        self.index, self.method, self.null, self.draws, self.root = index, method, null, draws, root
        self.reads_map = index.reads_map
        self.__name__ = f"adjusted({', '.join([index.__name__, method, *([null] if null else [])])})"
        self.bounds = (-np.inf, index.bounds[1])

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.index, self.method, self.null, self.draws, self.root, self.note)

    def bind(self, **options: Any) -> Index:
        """Return the index with options of the inner one fixed.

        Parameters
        ----------
        **options
            As in a call.

        Returns
        -------
        Index
        """
        return _again(self.index.bind(**options), self.method, self.null, self.draws, self.root, self.note)

    def missing(self, pop: Population) -> str:
        """Say what a population lacks for the inner index to be measured.

        Parameters
        ----------
        pop : Population
            What would be measured.

        Returns
        -------
        str
        """
        return self.index.missing(pop)

    def _shape_options(self) -> dict[str, Any]:
        return self.index.defaults

    def _value(self, pop: Population, options: dict[str, Any]) -> Any:
        index = self.index.bind(**options)
        if self.method in ("leave_one_out", "density"):
            return self._of_two(pop)
        value = index(pop)
        if np.isnan(value):
            return value
        if self.method == "bias":
            root = begun_by(self.root)
            return 2 * value - replicated([index], [pop], _settled_anew(pop), root, 0, self.draws).mean()
        chance = expected(index, pop, null=self.null, draws=self.draws, rng=self.root)
        below = self.method == "carrington_troske" and value < chance
        return (value - chance) / (chance if below else 1 - chance)

    def _of_two(self, pop: Population) -> float:
        if pop.surroundings is not None:
            msg = f"method={self.method!r} is about who lives in a unit: measure the population without within(...)"
            raise CapabilityError(msg)
        if len(pop.groups) < 2:
            return float("nan")
        x, y = pop.counts.reshape(len(pop.groups), -1).astype(np.float64)
        if self.method == "density":
            return _by_density(x, y)
        return _without_oneself(x, y, self.index.about.contact)

    def _sums(self, pop: Population, totals: Floats, options: dict[str, Any]) -> Sums:
        raise CapabilityError(self._no_parts)

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        raise CapabilityError(self._no_parts)

    @property
    def local_refusal(self) -> str:
        """Why there are no local values."""
        return "chance is taken out of the whole, not of single units"

    @property
    def _no_parts(self) -> str:
        return f"{self.__name__} cannot be summed in parts: chance is taken out of the whole"


def _again(index: Index, method: str, null: str | None, draws: int, root: int | None, note: str) -> Index:
    again = Adjusted(index, method, null, draws, root)
    again.note = note
    return again


def _settled_anew(pop: Population) -> Callable[[Seeds], Floats]:
    """Draw the members of each group anew among its units: Mult(X, x_i/X)."""
    from segregation_tools.kernels.sample import Allotment

    people = whole_people(pop)
    groups = [Allotment(np.array([members.sum()]), members / members.sum()) for members in people]

    def draw(seeds: Seeds) -> Floats:
        drawn = [group.draw(seeds ^ np.uint64(g))[:, :, 0] for g, group in enumerate(groups)]
        return np.stack(drawn, axis=1).reshape(len(seeds), *pop.counts.shape)

    return draw


def _without_oneself(x: Floats, y: Floats, contact: Any) -> float:
    """Mean contact with the first group, of its members less of the others, nobody counted among those he meets."""
    company = x + y >= 2
    x, y = x[company], y[company]
    if not (x.any() and y.any()):
        return undefined("leave-one-out", "a group has nobody in a unit of two or more residents")
    others, share = x + y - 1, x.sum() / (x + y).sum()
    return float(x @ contact((x - 1) / others, share) / x.sum() - y @ contact(x / others, share) / y.sum())


def _by_density(x: Floats, y: Floats) -> float:
    q, r = x / x.sum(), y / y.sum()
    sigma = np.sqrt(q * (1 - q) / x.sum() + r * (1 - r) / y.sum())
    sure = np.abs(q - r) / np.where(sigma > 0, sigma, 1)
    z = sure.copy()
    for _ in range(ROUNDS):  # Newton from above: z − θ tanh(zθ) is convex, so that it stops at the largest root
        slope = 1 - (sure / np.cosh(np.minimum(z * sure, FLAT))) ** 2
        z = np.where(slope > 0, z - (z - sure * np.tanh(z * sure)) / np.where(slope > 0, slope, 1), 0)
    return float((sigma * np.where(sure > 1, z, 0)).sum() / 2)
