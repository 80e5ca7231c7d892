"""Why did segregation change? Units that came and went, groups and units that grew, and who lives where beyond that."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.analysis.replicates import measurable
from segregation_tools.errors import CapabilityError, DataError, listed
from segregation_tools.indices.evenness import mutual_information
from segregation_tools.indices.placed import without_environment
from segregation_tools.indices.words import entropy, share
from segregation_tools.population.options import one_of
from segregation_tools.population.population import Population, as_population
from segregation_tools.tables import html_table

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from segregation_tools.indices.index import Index

    Floats = NDArray[np.float64]
    Value = Callable[[Floats], Any]

__all__ = ["ChangeDecomposition", "decompose_change"]

METHODS = ("shapley", "karmel_maclachlan", "mora_ruiz_castillo", "composition")
MARGINS = 1e-13  # how near to their margins tables are brought
STEPS = 200_000
ROUNDING = 1e-9


def decompose_change(
    a: Population, b: Population, *, index: Index = mutual_information, method: str = "shapley"
) -> ChangeDecomposition:
    """Split the change of an index between two dates into its causes.

    Parameters
    ----------
    a, b : Population
        Before and after. Units and groups are matched by their labels.
    index : Index
        With one value and without a map: `mutual_information` and `information_theory` are usual. The third method is for
        mutual information alone.
    method : {"shapley", "karmel_maclachlan", "mora_ruiz_castillo", "composition"}
        How the change among what is there on both dates is split:

        - ``"shapley"``: growth of groups, growth of units, and structure, each averaged over the orders in which they may
          change, margins before structure or after it (a nested Shapley value; Elbers 2021).
        - ``"karmel_maclachlan"``: structure from the margins of the second date; groups and units by scaling the first date
          to either; what is left of the margins is their interaction.
        - ``"mora_ruiz_castillo"``: entropy of the groups, shares of units, and the entropy within units.
        - ``"composition"``: all margins at once, and structure.

    Returns
    -------
    ChangeDecomposition
        ``.to_frame()`` has the columns `term` and `value`; values add up to the change.

    Raises
    ------
    DataError
        If the dates have no units, or fewer than two groups, in common.
    CapabilityError
        If the margins of one date cannot be brought to the structure of the other.

    Notes
    -----
    Structure is what odds ratios say: who lives where, whatever the sizes of groups and units. Tables with the margins of
    one date and the structure of the other come from iterative proportional fitting, to the last digits; a looser fit can
    turn the sign of a term.

    References
    ----------
    Karmel, T. & Maclachlan, M. (1988), Economic Record 64, 187–195. Mora, R. & Ruiz-Castillo, J. (2009), in Occupational and
    Residential Segregation, Research on Economic Inequality 17. Elbers, B. (2021), A method for studying differences in
    segregation across time and space, Sociological Methods & Research 52, 5–42.

    Examples
    --------
    >>> counties = sgt.load("nc_births")
    >>> before, after = (
    ...     sgt.Population.from_frame(
    ...         counties.rename(columns={f"nonwhite_{year}": "nonwhite", f"white_{year}": "white"}), ["nonwhite", "white"]
    ...     )
    ...     for year in (1974, 1979)
    ... )
    >>> sgt.decompose_change(before, after).to_frame()[2:].round(4)
               term   value
    2  group_margin  0.0002
    3   unit_margin -0.0023
    4     structure -0.0002
    """
    index = measurable(index)
    one_of(method, "method", METHODS)
    if index.answer != "number" or index.reads_map:
        msg = f"{index.__name__} is not one number of counts alone: take mutual_information or information_theory"
        raise CapabilityError(msg)
    if index.counts_people:
        msg = (
            f"{index.__name__} depends on how many people there are, but tables between two dates hold parts of people"
        )
        raise CapabilityError(msg)
    if method == "mora_ruiz_castillo" and index.formula is not mutual_information.formula:
        msg = f"Mora & Ruiz-Castillo split mutual information alone, not {index.__name__}: method='shapley' takes any"
        raise CapabilityError(msg)
    a, b = (without_environment(as_population(pop), "decompose_change") for pop in (a, b))
    return ChangeDecomposition(a, b, index, method)


@dataclass(frozen=True, eq=False)
class ChangeDecomposition:
    """Causes of a change, which add up to it.

    Attributes
    ----------
    a, b : Population
        Before and after.
    index : Index
        What changed.
    method : str
        How the change was split.

    Examples
    --------
    >>> births = sgt.load("nc_births")
    >>> before, after = (
    ...     sgt.Population(births[[f"nonwhite_{year}", f"white_{year}"]].T, ["nonwhite", "white"], units=births.index)
    ...     for year in (1974, 1979)
    ... )
    >>> change = sgt.decompose_change(before, after, index=sgt.information_theory)
    >>> table = change.to_frame().set_index("term")["value"]
    >>> round(change.value, 4), round(float(table.sum()), 4), change.fell_as_groups_left
    (-0.0039, -0.0039, [])
    """

    a: Population = field(repr=False)
    b: Population = field(repr=False)
    index: Index
    method: str

    def __post_init__(self) -> None:
        total = float(self.to_frame()["value"].sum())
        if not abs(total - self.value) <= ROUNDING:
            msg = f"the terms add up to {total}, not to the change of {self.value}"
            raise ArithmeticError(msg)

    @cached_property
    def value(self) -> float:
        """By how much the index is higher in `b`."""
        return float(self.index(self.b)) - float(self.index(self.a))

    @cached_property
    def units(self) -> pd.Index[Any]:
        """Units in which somebody lives on both dates."""
        return self._common[0]

    @cached_property
    def _common(self) -> tuple[pd.Index[Any], list[Hashable], Floats, Floats]:
        """Units and groups that are there on both dates, and who lives there."""
        groups = [group for group in self.a.groups if group in self.b.groups]
        frames = [pop.to_frame()[list(pop.groups)].loc[:, groups] for pop in (self.a, self.b)]
        for pop in (self.a, self.b):
            if not pop.units.is_unique:
                msg = "units are matched by their labels, which must not repeat"
                raise DataError(msg)
        units = frames[0].index.intersection(frames[1].index, sort=False)
        tables = [frame.loc[units].to_numpy(dtype=np.float64).T for frame in frames]
        while True:
            lived = np.all([table.any(axis=0) for table in tables], axis=0)
            there = np.all([table.any(axis=1) for table in tables], axis=0)
            if lived.all() and there.all():
                break
            units, groups = units[lived], [group for group, is_there in zip(groups, there, strict=True) if is_there]
            tables = [table[there][:, lived] for table in tables]
        if not len(units) or len(groups) < 2:
            msg = f"the dates have too little in common: {len(units)} units, groups {listed(groups) or 'none'}"
            raise DataError(msg)
        one, other = (table / table.sum() for table in tables)
        return units, groups, one, other

    def _has_more(self, pop: Population) -> bool:
        """Whether a date has groups, or units with residents, that are not among those in common."""
        units, groups, _, _ = self._common
        return len(groups) < len(pop.groups) or len(units) < int(np.count_nonzero(pop.sizes))

    def _whole(self, table: Floats) -> float:
        _, groups, _, _ = self._common
        return float(self.index(Population(table, groups)))

    def _of_units(self, table: Floats) -> Floats:
        """Take what each unit adds to the index."""
        mix = table.sum(axis=1, keepdims=True)
        people = table.sum(axis=0)
        shares = share(table, people)
        score = self.index.about.contribution or self.index.formula
        own = {"own": shares} if "own" in self.index.reads else {}
        added: Floats = people * score(shares, mix, **own)
        return added

    @cached_property
    def _mixed(self) -> dict[str, Floats]:
        """Tables by the date of their groups' margin, their units' margin, and their structure."""
        _, _, one, other = self._common
        dates = {"A": one, "B": other}
        return {
            g + u + s: dates[s] if g == u == s else fitted(dates[s], dates[g].sum(axis=1), dates[u].sum(axis=0))
            for g in "AB"
            for u in "AB"
            for s in "AB"
        }

    def _terms(self, of: Value) -> dict[str, Any]:
        """Causes of the change among what is there on both dates, of the whole or unit by unit."""
        _, _, one, other = self._common
        if self.method == "mora_ruiz_castillo":
            return _mora_ruiz_castillo(one, other)
        m = {name: of(table) for name, table in self._mixed.items()}
        if self.method == "karmel_maclachlan":
            group = of(one * (other.sum(axis=1) / one.sum(axis=1))[:, np.newaxis]) - m["AAA"]
            unit = of(one * (other.sum(axis=0) / one.sum(axis=0))) - m["AAA"]
            return {
                "group_margin": group,
                "unit_margin": unit,
                "interaction": m["BBA"] - m["AAA"] - group - unit,
                "structure": m["BBB"] - m["BBA"],
            }
        structure = (m["AAB"] - m["AAA"] + m["BBB"] - m["BBA"]) / 2
        if self.method == "composition":
            return {"composition": (m["BBA"] - m["AAA"] + m["BBB"] - m["AAB"]) / 2, "structure": structure}
        return {
            "group_margin": sum(m["B" + rest] - m["A" + rest] for rest in ("AA", "BA", "AB", "BB")) / 4,
            "unit_margin": sum(m[g + "B" + s] - m[g + "A" + s] for g in "AB" for s in "AB") / 4,
            "structure": structure,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cause: `term`, `value`.

        Returns
        -------
        DataFrame
            `additions` (units and groups that only the second date has), `removals` (that only the first has), then the
            causes among what both have.
        """
        _, _, one, other = self._common
        here_and_gone = {
            "additions": float(self.index(self.b)) - self._whole(other) if self._has_more(self.b) else 0.0,
            "removals": self._whole(one) - float(self.index(self.a)) if self._has_more(self.a) else 0.0,
        }
        terms = here_and_gone | self._terms(self._whole)
        return pd.DataFrame({"term": list(terms), "value": np.array(list(terms.values()), dtype=np.float64)})

    def local(self) -> pd.DataFrame:
        """Return the part of each unit in the causes among what both dates have.

        Returns
        -------
        DataFrame
            On the units, one column a cause: columns add up to its value.

        Raises
        ------
        CapabilityError
            If the index is no mean over units.
        """
        if self.index.local_refusal or self.method == "mora_ruiz_castillo":
            reason = self.index.local_refusal or "Mora & Ruiz-Castillo's terms are of the whole"
            msg = f"no parts of single units: {reason}"
            raise CapabilityError(msg)
        return pd.DataFrame(self._terms(self._of_units), index=self.units)

    @cached_property
    def fell_as_groups_left(self) -> list[Hashable]:
        """Groups without whose leaving the index would not have fallen: fewer people to be apart from is no mixing.

        A group that is smaller in `b` is listed if, with its former number in its present places, the index would be as
        high as before; one that is gone, if without it the index was no higher in `a` already. Empty where the index did
        not fall.
        """
        if self.value >= 0:
            return []
        before, after = float(self.index(self.a)), float(self.index(self.b))
        left = []
        for group, people in zip(self.a.groups, self.a.group_totals, strict=True):
            if group not in self.b.groups:
                others = [other for other in self.a.groups if other != group]
                if len(others) > 1 and float(self.index(self.a[others])) <= after:
                    left.append(group)
                continue
            i = self.b.groups.index(group)
            if self.b.group_totals[i] < people:
                counts = self.b.counts.astype(np.float64)
                counts[i] *= people / self.b.group_totals[i]
                if float(self.index(self.b.redrawn(counts))) >= before:
                    left.append(group)
        return left

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        left = self.fell_as_groups_left
        note = f"\nIt fell as people left: {listed(left)}." if left else ""
        table = self.to_frame().to_string(index=False, float_format="{:+.4f}".format)
        return f"{self.index.__name__} changed by {self.value:+.4f}:\n{table}{note}"

    def _repr_html_(self) -> str:
        rows = [[str(term), f"{value:+.4f}"] for term, value in self.to_frame().to_numpy()]
        return html_table(["term", "value"], rows, caption=f"{self.index.__name__} changed by {self.value:+.4f}")


def fitted(table: Floats, groups: Floats, units: Floats) -> Floats:
    """Bring a table to margins, its odds ratios kept, by iterative proportional fitting.

    Parameters
    ----------
    table : ndarray of shape (groups, units)
        Shares of everyone.
    groups, units : ndarray
        Margins, which add up to 1.

    Returns
    -------
    ndarray of shape (groups, units)

    Raises
    ------
    CapabilityError
        If no table has these margins and the same empty cells.
    """
    by_group = np.ones(len(groups))
    with np.errstate(all="ignore"):  # factors that run away find no table
        for _ in range(STEPS):
            by_unit = units / (by_group @ table)
            reached = table @ by_unit
            if not np.isfinite(reached).all():
                break
            if np.abs(by_group * reached - groups).max() <= MARGINS:
                brought: Floats = by_group[:, np.newaxis] * table * by_unit
                return brought
            by_group = groups / reached
    msg = "too many cells are empty: no table has the structure of one date and the margins of the other"
    raise CapabilityError(msg)


def _mora_ruiz_castillo(one: Floats, other: Floats) -> dict[str, float]:
    shares = [table.sum(axis=0) for table in (one, other)]
    mixed = [-entropy(share(table, people)) for table, people in zip((one, other), shares, strict=True)]
    return {
        "group_margin": float(entropy(other.sum(axis=1)) - entropy(one.sum(axis=1))),
        "unit_margin": float((shares[1] - shares[0]) @ (mixed[0] + mixed[1]) / 2),
        "structure": float((shares[0] + shares[1]) @ (mixed[1] - mixed[0]) / 2),
    }
