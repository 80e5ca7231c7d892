"""Which tier owns how much: segregation between states, between counties of a state, between tracts of a county."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import measurable
from segregation_tools.errors import CapabilityError, DataError, OptionError, UndefinedWarning, listed, warn
from segregation_tools.indices.evenness import dissimilarity
from segregation_tools.indices.placed import without_environment
from segregation_tools.indices.words import share
from segregation_tools.population.population import as_population
from segregation_tools.tables import html_table

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index
    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["MultilevelDissimilarity", "TierDecomposition", "decompose_tiers", "multilevel_dissimilarity"]

ROUNDING = 1e-9  # of the whole
SMALLEST = 1e-12  # of all variance: a tier with less has none


def decompose_tiers(index: Index, pop: Population) -> TierDecomposition:
    """Split an index into the parts that lie between the places of each tier, within those of the broader one.

    Parameters
    ----------
    index : Index
        `mutual_information` and `divergence` (exact, places weigh by their people), `information_theory` (by people and
        entropy), `variance_ratio` and `relative_diversity` (by people and diversity), `hutchens`: those whose parts add up.
    pop : Population
        With tiers, such as ``tiers=["state", "county"]``.

    Returns
    -------
    TierDecomposition
        ``.to_frame()`` has one row a tier, ``.places(tier)`` one a place.

    Raises
    ------
    CapabilityError
        If the index does not add up over tiers, as D, Gini and the others do not.
    DataError
        If the population has no tiers.

    References
    ----------
    Theil & Finizza 1971; Reardon & Firebaugh 2002; Mora & Ruiz-Castillo 2011; Elbers 2021.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"], tiers=["county"])
    >>> sgt.decompose_tiers(sgt.mutual_information, pop).to_frame().round(4)
         tier   value   share
    0  county  0.0414  0.2489
    1    unit  0.1250  0.7511
    """
    index = measurable(index)
    pop = without_environment(as_population(pop), "decompose_tiers")
    if not index.decomposable:
        msg = f"{index.__name__} does not add up over tiers: take mutual_information, information_theory or variance_ratio"
        raise CapabilityError(msg)
    if pop.tiers is None:
        msg = "there are no tiers to split by: Population.from_frame(..., tiers=['county'])"
        raise DataError(msg)
    return TierDecomposition(index, pop)


@dataclass(frozen=True, eq=False)
class TierDecomposition:
    """Parts of an index, tier by tier, which add up to it.

    Attributes
    ----------
    index : Index
        What was split.
    pop : Population
        Of whom.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["white", "black", "asian", "hispanic"], tiers=["county"])
    >>> parts = sgt.decompose_tiers(sgt.mutual_information, pop)
    >>> round(parts.value, 4), round(float(parts.to_frame()["value"].sum()), 4)
    (0.1665, 0.1665)
    """

    index: Index
    pop: Population = field(repr=False)

    def __post_init__(self) -> None:
        parts, whole = float(self._parts.sum()), self.value
        by_place = self._inside(self.tiers[0]).sum()
        if not (
            abs(parts - whole) <= ROUNDING * max(abs(whole), 1)
            and abs(by_place - self._parts[1:].sum()) <= ROUNDING * max(abs(whole), 1)
        ):
            msg = f"the parts of {self.index.__name__} add up to {parts}, not to {whole}"
            raise ArithmeticError(msg)

    @cached_property
    def value(self) -> float:
        """Value of the whole."""
        return float(self.index(self.pop))

    @property
    def tiers(self) -> tuple[Hashable, ...]:
        """Names of the tiers, broad to narrow, without the units."""
        return tuple(self.pop.tiers) if self.pop.tiers is not None else ()

    @cached_property
    def _parts(self) -> Floats:
        """Between the places of a tier, within those of the broader one: what it adds to the value of the broader."""
        values = [self.index(self.pop.merge(self._labels(tier))) for tier in self.tiers]
        return np.diff([0.0, *values, self.value])

    def _labels(self, tier: Hashable) -> pd.Series[Any]:
        if tier not in self.tiers:
            msg = f"tier must be one of {listed(self.tiers)}, not {tier!r}"
            raise OptionError(msg)
        return cast("pd.DataFrame", self.pop.tiers)[tier]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a tier, broad to narrow, the units last: `tier`, `value`, `share`.

        Returns
        -------
        DataFrame
            Values add up to that of the whole, shares to 1.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = self._parts / self.value
        return pd.DataFrame({"tier": [*self.tiers, "unit"], "value": self._parts, "share": shares})

    def places(self, tier: Hashable) -> pd.DataFrame:
        """Return what each place of a tier adds to the whole.

        Parameters
        ----------
        tier : hashable
            Its name.

        Returns
        -------
        DataFrame
            On the places: `people`; `value`, the index within the place alone; `between`, what the place adds as it differs
            from the region; `within`, what it adds by what differs inside; `share` of both in the whole, which add up to 1.
        """
        codes, names = pd.factorize(self._labels(tier), sort=True)
        region = self.pop.group_totals
        counts = np.stack([np.bincount(codes, row) for row in self.pop.counts.reshape(len(region), -1)])
        people, everyone = counts.sum(axis=0), region.sum()
        mix = region[:, np.newaxis] / everyone
        score = self.index.about.contribution or self.index.formula
        shares = share(counts, people)
        own = {"own": shares} if "own" in self.index.reads else {}
        between = people / everyone * score(shares, mix, **own)
        inside = self._inside(tier)
        weight = cast("Callable[..., float]", self.index.about.within)
        weights = np.array([weight(place, region) if place.any() else 0.0 for place in counts.T])
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(weights > 0, inside / weights, np.nan)
            shares_of_whole = (between + inside) / self.value
        return pd.DataFrame(
            {"people": people, "value": value, "between": between, "within": inside, "share": shares_of_whole},
            index=pd.Index(names, name=tier),
        )

    def _inside(self, tier: Hashable) -> Floats:
        """Take what lies within each place: the scores of its units, less that of the place."""
        codes = pd.factorize(self._labels(tier), sort=True)[0]
        merged = self.pop.merge(self._labels(tier))
        units, places = (
            pop.sizes.reshape(-1) / pop.sizes.sum() * np.nan_to_num(np.ravel(self.index.local(pop)))
            for pop in (self.pop, merged)
        )
        inside: Floats = np.bincount(codes, units) - places
        return inside

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.index.__name__} {self.value:.4f}, by tier:\n{self.to_frame().to_string(index=False)}"

    def _repr_html_(self) -> str:
        rows = [[str(tier), f"{value:.4f}", f"{part:.1%}"] for tier, value, part in self.to_frame().to_numpy()]
        return html_table(["tier", "value", "share"], rows, caption=f"{self.index.__name__} {self.value:.4f}, by tier")


def multilevel_dissimilarity(pop: Population) -> MultilevelDissimilarity:
    """Ask at which tier the differences lie of which dissimilarity of two groups is made.

    D is ½ Σ abs(e_i), e_i = x_i/X − y_i/Y. The differences are modelled as e_i = Σ_l u_l(i) + ε_i, a random effect of each
    place of each tier l and a rest of the unit, with variances by maximum likelihood; there is no intercept, for Σ e_i = 0.

    Parameters
    ----------
    pop : Population
        Two groups, with tiers.

    Returns
    -------
    MultilevelDissimilarity

    Raises
    ------
    DataError
        If there are no tiers, or two of them divide the units alike.

    References
    ----------
    Harris, R. (2017), Measuring the scales of segregation: looking at the residential separation of White British and other
    schoolchildren in England using a multilevel index of dissimilarity, Transactions of the Institute of British
    Geographers 42, 432–444.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["black", "white"], tiers=["county"])
    >>> sgt.multilevel_dissimilarity(pop).to_frame()[["tier", "share", "holdback"]].round(3)
         tier  share  holdback
    0  county   0.29    -0.139
    1    unit   0.71    -0.442
    """
    pop = without_environment(as_population(pop), "multilevel_dissimilarity")
    value = float(dissimilarity(pop))
    if len(pop.groups) != 2:
        msg = f"two groups are compared: pop[[{pop.groups[0]!r}, ...]] or pop.versus({pop.groups[0]!r})"
        raise CapabilityError(msg)
    if pop.tiers is None:
        msg = "there are no tiers to split by: Population.from_frame(..., tiers=['county'])"
        raise DataError(msg)
    x, y = pop.counts.reshape(2, -1)
    apart = x / x.sum() - y / y.sum()
    scale = float(np.sqrt(np.mean(apart**2)))
    codes = [pd.factorize(pop.tiers[tier], sort=True)[0] for tier in pop.tiers]
    places = [int(code.max()) + 1 for code in codes] + [len(pop)]
    for tier, many, finer in zip(pop.tiers, places, places[1:], strict=False):
        if many == finer:
            msg = f"tier {tier!r} divides units as the one below, so that variances cannot be told apart: leave it out"
            raise DataError(msg)
    nest = _Nest(codes)
    if scale == 0:
        warn("multilevel_dissimilarity: D is 0, and no tier has a share in it (NaN)", UndefinedWarning)
        return MultilevelDissimilarity(pop, value, np.zeros(len(places)), np.zeros((len(places), len(pop))), apart)
    variances = nest.fitted(apart / scale)
    effects = nest.effects(apart / scale, variances) * scale
    return MultilevelDissimilarity(pop, value, variances * scale**2, effects, apart)


@dataclass(frozen=True, eq=False)
class MultilevelDissimilarity:
    """Dissimilarity, and the tiers at which the differences lie.

    Attributes
    ----------
    pop : Population
        Of whom.
    value : float
        D.
    variances : ndarray of shape (tiers + 1,)
        Of the effects of places, broad to narrow, and of the rest of units.
    effects : ndarray of shape (tiers + 1, units)
        Predicted effects of the place of each unit, and its rest: they add up to `differences`.
    differences : ndarray of shape (units,)
        x_i/X − y_i/Y.

    Examples
    --------
    >>> tracts = sgt.load("sacramento")
    >>> pop = sgt.Population.from_frame(tracts, groups=["black", "white"], tiers=["county"])
    >>> found = sgt.multilevel_dissimilarity(pop)
    >>> round(found.value, 3), found.to_frame()["tier"].tolist()
    (0.58, ['county', 'unit'])
    """

    pop: Population = field(repr=False)
    value: float
    variances: Floats
    effects: Floats = field(repr=False)
    differences: Floats = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a tier, broad to narrow, the units last: `tier`, `variance`, `share`, `holdback`.

        Returns
        -------
        DataFrame
            `share` of all variance. `holdback` is by which part D would change without the effects of the tier: −0.1 is a D
            lower by a tenth. Holdbacks do not add up.
        """
        all_apart, everything = np.abs(self.differences).sum() or np.nan, self.variances.sum() or np.nan
        holdback = np.abs(self.differences - self.effects).sum(axis=1) / all_apart - 1
        names = [*(self.pop.tiers if self.pop.tiers is not None else ()), "unit"]
        return pd.DataFrame(
            {
                "tier": names,
                "variance": self.variances,
                "share": self.variances / everything,
                "holdback": holdback,
            }
        )

    def places(self, tier: Hashable) -> pd.DataFrame:
        """Return what each place of a tier has to do with D.

        Parameters
        ----------
        tier : hashable
            Its name.

        Returns
        -------
        DataFrame
            On the places: `units`; `share` of D; `impact`, that share over the share of units, in per cent: 100 is as much
            as its units would lead one to expect; `effect` of the place itself.
        """
        tiers = self.pop.tiers
        if tiers is None or tier not in tiers:
            msg = f"tier must be one of {listed([] if tiers is None else tiers.columns)}, not {tier!r}"
            raise OptionError(msg)
        codes, names = pd.factorize(tiers[tier], sort=True)
        units = np.bincount(codes)
        part = np.bincount(codes, np.abs(self.differences)) / (np.abs(self.differences).sum() or np.nan)
        effect = np.bincount(codes, self.effects[list(tiers).index(tier)]) / units
        return pd.DataFrame(
            {"units": units, "share": part, "impact": 100 * part / (units / units.sum()), "effect": effect},
            index=pd.Index(names, name=tier),
        )

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"dissimilarity {self.value:.4f}, by tier:\n{self.to_frame().to_string(index=False)}"

    def _repr_html_(self) -> str:
        rows = [
            [str(tier), f"{variance:.3g}", f"{part:.1%}", f"{holdback:+.1%}"]
            for tier, variance, part, holdback in self.to_frame().to_numpy()
        ]
        return html_table(["tier", "variance", "share", "holdback"], rows, caption=f"dissimilarity {self.value:.4f}")


class _Nest:
    """Random effects of nested places, by sums from the units upwards and back: no matrix is held.

    Of a place, with 1 the vector of its units and V the covariance of what lies below: a = 1ᵀV⁻¹1 and b = 1ᵀV⁻¹e. An effect
    of variance τ makes V + τ11ᵀ of it, of which the inverse follows from a and b alone (Sherman & Morrison).
    """

    def __init__(self, codes: list[Codes]) -> None:
        self.codes = codes
        finer = [*codes[1:], np.arange(len(codes[0]))]
        self.above = []  # for each tier, the place in it of every place of the next finer one
        for tier, below in zip(codes, finer, strict=True):
            place = np.empty(int(below.max()) + 1, dtype=np.intp)
            place[below] = tier
            self.above.append(place)

    def _upwards(self, apart: Floats, variances: Floats) -> tuple[list[tuple[Floats, Floats]], float, float]:
        """Take a and b of the places of each tier, broad to narrow; the quadratic form eᵀV⁻¹e and the logarithm of det V."""
        *tiers, rest = variances
        a, b = np.full(len(apart), 1 / rest), apart / rest
        squares, log_det = float(apart @ apart / rest), len(apart) * float(np.log(rest))
        kept = []
        for tau, above in zip(tiers[::-1], self.above[::-1], strict=True):
            a, b = (np.bincount(above, part).astype(np.float64) for part in (a, b))
            kept.append((a, b))
            grown = 1 + tau * a
            squares -= float((tau * b**2 / grown).sum())
            log_det += float(np.log(grown).sum())
            a, b = a / grown, b / grown
        return kept[::-1], squares, log_det

    def fitted(self, apart: Floats) -> Floats:
        """Variances of the tiers and of the rest, by maximum likelihood."""
        from scipy.optimize import minimize

        def unlikely(logs: Floats) -> float:
            _, squares, log_det = self._upwards(apart, np.exp(logs))
            return squares + log_det

        begin = np.full(len(self.codes) + 1, np.log(float(apart @ apart) / len(apart) / (len(self.codes) + 1)))
        bounds = [(np.log(SMALLEST), None)] * len(begin)
        found = minimize(unlikely, begin, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-7})
        finer = minimize(
            unlikely, found.x, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 5000}
        )
        variances: Floats = np.exp(finer.x if finer.fun < found.fun else found.x)
        return variances

    def effects(self, apart: Floats, variances: Floats) -> Floats:
        """Predict the effect of the place of every unit in each tier, given all of `apart`; the rest last."""
        kept, _, _ = self._upwards(apart, variances)
        from_above = np.zeros(len(kept[0][0]))
        found = []
        for t, (tau, (a, b)) in enumerate(zip(variances[:-1], kept, strict=True)):
            effect = tau * (b - a * from_above) / (1 + tau * a)
            found.append(effect[self.codes[t]])
            if t + 1 < len(kept):
                from_above = (from_above + effect)[self.above[t]]
        return np.stack([*found, apart - np.sum(found, axis=0)])
