"""The shapes of formulas, each with the decorator that makes an index of a function and puts it on the shelf.

A mean-of-scores index has a local score and gets local values for free; a meeting index reads who meets whom; a mix
index reads the region alone; a Lorenz index needs the units in order and keeps the curve.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from segregation_tools.errors import CapabilityError, DataWarning, warn
from segregation_tools.indices.blocks import Block, Summand, blocks, shares_met, summed
from segregation_tools.indices.buckets import areas_between
from segregation_tools.indices.index import Index, Sums, gathered, on_the_shelf, per_unit
from segregation_tools.indices.words import simpson
from segregation_tools.kernels.lorenz import area_between

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from segregation_tools.indices.index import LocalValues
    from segregation_tools.population.chunked.population import ChunkedPopulation
    from segregation_tools.population.population import Population

__all__ = ["lorenz", "mean_of_scores", "meeting", "of_surfaces", "of_the_mix", "of_units"]

APART = 1e-6  # between the ends of an area that is not sorted for
ROUNDED = 4e-15  # of sums over all units
ROUNDING = 1e-4  # of a person: those met under a kernel may be added up in single precision


class MeanOfScores(Index):
    """Mean, over residents, of a local score, ``score(p, mix)`` or ``score(p, mix, own)``; finished, if need be.

    `p` are the shares of those met, shape (groups, …); `mix` those of the region, (groups, 1); `own` those of the unit.
    """

    def _score(self, block: Block, mix: NDArray[np.float64], options: dict[str, Any]) -> NDArray[np.float64]:
        own = {"own": block.own} if "own" in self.reads else {}
        scores: NDArray[np.float64] = self.formula(block.p, mix[:, np.newaxis], **own, **options)
        return scores

    def _summand(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Summand | None:
        if np.count_nonzero(totals) < 2:
            return None
        mix = totals / totals.sum()
        compiled = None
        if self.about.compiled is not None:
            (name, finish), people = self.about.compiled, totals.sum() if pop.parted else pop.group_totals.sum()
            compiled = (name, lambda total: finish(total, mix, people))
        return Summand(lambda block: self._score(block, mix, options) @ block.residents, compiled)

    def _sums(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums:
        return self._added(pop, totals, options) or Sums(totals, np.asarray(np.nan))

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        people = sums.region.sum()
        mean = sums.added / people
        if self.about.finish is None or np.isnan(mean).any():
            return mean if mean.ndim == 0 else np.nan
        return self.about.finish(mean, sums.region / people, **options)

    @property
    def local_refusal(self) -> str:
        """Why there are no local values; empty where there are."""
        return "" if self.about.finish is None else "it is not the mean of its parts but is computed from that mean"

    def _local(self, pop: Population, options: dict[str, Any]) -> LocalValues:
        if self.local_refusal:
            return super()._local(pop, options)
        mix = pop.group_totals / pop.group_totals.sum()
        parts = (Block.of(lived, met) for lived, met in blocks(pop))
        return ((block.residents, self._score(block, mix, options)) for block in parts)


class Meeting(Index):
    """Read from who meets whom, ``formula(meetings)`` or ``(meetings, mix)``: row g is whom the members of g meet."""

    def _shape_options(self) -> dict[str, Any]:
        return {"with_self": True}

    def _summand(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Summand | None:
        if options["with_self"]:
            # Who meets whom, and how many they are who do.
            members = pop.group_totals
            return Summand(
                lambda block: np.column_stack([block.lived @ block.p.T, block.lived.sum(axis=1, dtype=np.float64)]),
                ("meetings", lambda meetings: np.column_stack([meetings, members])),
            )
        if pop.surroundings is not None and not pop.surroundings.includes_self:
            msg = "with_self=False needs an environment in which each resident counts once"
            raise CapabilityError(msg)
        return Summand(_without_oneself)

    def _sums(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums:
        return self._added(pop, totals, options)  # type: ignore[return-value]  # there is always a summand

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        met_by, members = sums.added[:, :-1], sums.added[:, -1:]
        meetings = np.where(members > 0, met_by / np.where(members > 0, members, 1), np.nan)
        return self.formula(meetings, *([sums.region / sums.region.sum()] if "mix" in self.reads else []))

    def _local(self, pop: Population, options: dict[str, Any]) -> LocalValues:
        if self.local_refusal:
            return super()._local(pop, options)
        if not options["with_self"]:
            msg = f"{self.__name__}.local counts residents among those they meet: leave out with_self=False"
            raise CapabilityError(msg)
        parts = (shares_met(lived, met) for lived, met in blocks(pop))
        if self.answer != "number":
            return parts
        # Whoever lives in one unit meets the same people, so that every row of the matrix is p.
        return ((residents, self.formula(np.broadcast_to(p, (len(p), *p.shape)))) for residents, p in parts)

    @property
    def local_refusal(self) -> str:
        """Why there are no local values; empty where there are."""
        return "it compares groups, not units" if "mix" in self.reads else ""


def _without_oneself(block: Block) -> NDArray[np.float64]:
    """Who meets whom, himself apart, and how many they are who meet anybody."""
    company = block.people >= 2 - ROUNDING  # whoever is alone meets nobody
    home = block.lived * company
    others = np.where(company, block.people - 1, 1)
    met = block.p * block.people
    fellows = met - 1  # whom one meets of one's own group
    fellows[np.abs(fellows) < ROUNDING] = 0
    met_by = home @ (met / others).T
    np.fill_diagonal(met_by, (home * fellows / others).sum(axis=1))
    return np.column_stack([met_by, home.sum(axis=1, dtype=np.float64)])


class OfTheMix(Index):
    """Read from the shares of the region alone, ``formula(mix)``; locally, from the shares of those met."""

    def _sums(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums:
        return Sums(totals, np.zeros(0))

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        return self.formula(sums.region / sums.region.sum())

    def _local(self, pop: Population, options: dict[str, Any]) -> LocalValues:
        for lived, met in blocks(pop):
            residents, p = shares_met(lived, met)
            yield residents, self.formula(p)


class Lorenz(Index):
    """Area under an ordering of the units by share: ``finish(areas, mix)``.

    ``areas[g]`` = ½ ΣΣ t_i t_j |p_ig − p_jg| / T², ties merged. Two groups mirror each other: one is measured.
    """

    @property
    def local_refusal(self) -> str:
        """Why there are no local values."""
        return "it compares units pair by pair, so that no unit has a part of its own"

    def _value(self, pop: Population, options: dict[str, Any]) -> Any:
        if len(pop.groups) < 2:
            return np.nan
        if pop.parted:
            return np.mean(self._ends(pop))
        areas = [
            area_between(*self._curve(pop, slice(g, g + 1), pop.group_totals.sum()))
            for g in self._measured(pop.group_totals)
        ]
        return self._of_areas(areas, pop.group_totals)

    def _sums(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums:
        return Sums(totals, self._curve(pop, self._parts(totals), totals.sum()))

    def _merged(self, values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.concatenate(values, axis=1)

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        if np.count_nonzero(sums.region) < 2:
            return np.nan
        return self._of_areas([area_between(shares, sums.added[-1]) for shares in sums.added[:-1]], sums.region)

    def between(
        self, data: Population | pd.DataFrame, /, *, groups: Sequence[Hashable] | None = None
    ) -> tuple[float, float]:
        """Two values between which the index lies: of a population in chunks, its units are counted instead of sorted.

        Parameters
        ----------
        data : Population, GeoDataFrame or DataFrame
            A frame needs `groups`.
        groups : sequence, optional
            Columns of counts.

        Returns
        -------
        low, high : float
            Of a population in memory both are the value; in chunks the value that is given lies in the middle of the two,
            which are at most a millionth apart.

        Examples
        --------
        >>> sgt.gini.between(sgt.Population([[90, 10], [10, 90]], groups=["a", "b"]))
        (0.8, 0.8)
        """
        pop = self._admitted(data, groups)
        if pop.parted and len(pop.groups) > 1:
            return self._ends(pop)
        value = float(self._value(pop, self.defaults))
        return value, value

    def _ends(self, pop: Population) -> tuple[float, float]:
        totals, measured = pop.group_totals, self._measured(pop.group_totals)
        apart = APART * float(simpson(totals / totals.sum())) * len(measured) / len(totals)
        ends = areas_between(cast("ChunkedPopulation", pop), measured, apart)
        low, high = (float(self._of_areas(list(areas), totals)) for areas in ends)
        slack = ROUNDED / float(
            simpson(totals / totals.sum())
        )  # the rarer all groups but one, the fewer digits are left
        if high - low > max(APART, slack) * 1.01:
            warn(
                f"{self.__name__} is only known to lie between {low:.9g} and {high:.9g}: shares lie too close",
                DataWarning,
            )
        return low - slack, high + slack

    @staticmethod
    def _measured(totals: NDArray[np.float64]) -> range:
        """Which groups to measure: of two, the smaller one, whose shares keep more digits; the other mirrors it."""
        smaller = int(totals[1] < totals[0]) if len(totals) == 2 else 0
        return range(smaller, smaller + 1) if len(totals) == 2 else range(len(totals))

    def _parts(self, totals: NDArray[np.float64]) -> slice:
        measured = self._measured(totals)
        return slice(measured.start, measured.stop)

    @staticmethod
    def _curve(pop: Population, groups: slice, everyone: float) -> NDArray[np.float64]:
        """Shares of some groups among those met, and below them the residents, of every unit."""
        curve = np.empty((len(range(*groups.indices(len(pop.groups)))) + 1, len(pop)))
        start = 0
        for lived, met in blocks(pop):
            residents, p = shares_met(lived, met)
            stop = start + len(residents)
            curve[:-1, start:stop] = p[groups]
            curve[-1, start:stop] = residents
            start = stop
        curve[-1] /= everyone  # shares of all residents, so that squares neither overflow nor vanish
        return curve

    def _of_areas(self, areas: list[float], totals: NDArray[np.float64]) -> Any:
        every = areas * 2 if len(totals) == 2 else areas
        return self.formula(np.array(every), totals / totals.sum())


class OfSurfaces(Index):
    """Read from how two groups are spread over the environments: ``formula(shared, covered)``.

    Each spread adds up to 1 over the region; `shared` is what lies under both, `covered` what lies under either.
    """

    def _sums(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums:
        if len(totals) < 2:
            return Sums(totals, np.full(2, np.nan))
        spread = totals
        if pop.surroundings is not None:
            if totals is not pop.group_totals:
                msg = f"{self.__name__} needs the environment of the whole region at once: it cannot be summed in parts"
                raise CapabilityError(msg)
            spread = summed(pop, lambda _, met: met.sum(axis=1), everywhere=True)

        def of_block(_: NDArray[Any], met: NDArray[Any]) -> tuple[float, float]:
            surfaces = met / spread[:, np.newaxis]
            return np.minimum(*surfaces).sum(), np.maximum(*surfaces).sum()

        return Sums(totals, summed(pop, of_block, everywhere=True))

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        return self.formula(*sums.added)

    @property
    def local_refusal(self) -> str:
        """Why there are no local values."""
        return "it is the ratio of two sums over all units"


class OfUnits(Index):
    """A value for each unit, ``formula(p, mix)``, which adds up to nothing.

    The answer is a Series (one value a unit), a DataFrame (one column a group) or, where an option says so, the mean of
    each group's column over the members of the group.
    """

    def _value(self, pop: Population, options: dict[str, Any]) -> Any:
        if self._undefined(pop):
            return np.full(len(pop), np.nan)
        if self._answer(options) != "groups":
            return gathered(self._local(pop, options))
        mix = (pop.group_totals / pop.group_totals.sum())[:, np.newaxis]

        def of_block(lived: NDArray[Any], met: NDArray[Any]) -> NDArray[np.float64]:
            values: NDArray[np.float64] = lived * self.formula(shares_met(lived, met)[1], mix, **options)
            return values.sum(axis=1)

        return summed(pop, of_block) / pop.group_totals

    def _labelled(self, value: Any, pop: Population, options: Mapping[str, Any]) -> Any:
        if self._answer(options) == "groups":
            return super()._labelled(value, pop, options)
        return per_unit(value, pop, self.__name__)

    def _local(self, pop: Population, options: dict[str, Any]) -> LocalValues:
        if self._answer(options) == "groups":
            msg = f"{self.__name__} is a value of each group with these options: it has none of units"
            raise CapabilityError(msg)
        everyone = pop.with_rest() if self.about.of_everyone else pop
        mix = (everyone.group_totals / everyone.group_totals.sum())[:, np.newaxis]
        for lived, met in blocks(everyone):
            residents, p = shares_met(lived, met)
            values = self.formula(p, mix, **options)
            yield residents, values if values.ndim == 1 else values[: len(pop.groups)]

    def _sums(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums:
        raise CapabilityError(self._no_sums)

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        raise CapabilityError(self._no_sums)

    @property
    def _no_sums(self) -> str:
        return f"{self.__name__} is a value for each unit: there is nothing to add up"


mean_of_scores = on_the_shelf(MeanOfScores)
meeting = on_the_shelf(Meeting)
of_the_mix = on_the_shelf(OfTheMix)
lorenz = on_the_shelf(Lorenz)
of_surfaces = on_the_shelf(OfSurfaces)
of_units = on_the_shelf(OfUnits)
