"""What measures of a plan are called, how they are read, and how their values are spelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.indices.index import Index
from segregation_tools.planning.goals import Chosen, Measure, travel_time
from segregation_tools.views.parts import about, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segregation_tools.planning.problem import Problem

__all__ = ["MeasureWords", "amount", "rounded"]

SHARES = ("moves", "split_feeders", "walkers_lost", "outside_band")  # measures that are shares of all pupils


@dataclass(frozen=True, eq=False)
class MeasureWords:
    """Measures of a plan in words.

    Attributes
    ----------
    problem : Problem
        The district.
    whats : mapping of str to Index, Chosen or Measure
        What is measured, by name.
    words : dict
        Of a language.
    min_count : float
        Smallest count that is published.
    """

    problem: Problem
    whats: Mapping[str, Index | Chosen | Measure]
    words: dict[str, Any]
    min_count: float

    def about(self, name: str) -> tuple[str, str]:
        """Say what a measure is called and how it is read."""
        what, groups = self.whats[name], len(self.problem.pupils.groups)
        if isinstance(what, Chosen):
            called, read = about(what.index.__name__, self.words, groups)
            form = self.words["plan"][f"of_{len(what.of)}"]
            return form.format(name=called, group=what.of[0], met=what.of[-1]), read
        if isinstance(what, Index) and what.options:
            return name, about(what.__name__, self.words, groups)[1]
        if isinstance(what, Index):
            return about(what.__name__, self.words, groups)
        return about(
            what.name, self.words, groups, {name: self._told(name, value) for name, value in what.options.items()}
        )

    def _told(self, option: str, value: Any) -> str:
        """Spell with what a measure was made."""
        if isinstance(value, Index):
            return about(value.__name__, self.words, len(self.problem.pupils.groups))[0]
        if option in ("low", "high"):
            return rounded(value)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def value(self, name: str, value: float) -> str:
        """Spell the value of a measure."""
        text = self.words["plan"]
        if np.isnan(value):
            closing = (self.problem.current < 0).any()
            return str(text["unknown"] if closing else self.words["page"]["undefined"])
        what = self.whats[name]
        if isinstance(what, Measure) and what.name in SHARES:
            people = value * float(self.problem.sizes.sum())
            return str(text["untold"]) if 0 < round(people, 6) < self.min_count else percent(value, "")
        return str(text["minutes"].format(minutes=f"{value:.1f}")) if name == travel_time.name else f"{value:.4f}"


def rounded(share: float) -> str:
    """Spell a share as somebody chose it.

    Parameters
    ----------
    share : float
        From 0 to 1.

    Returns
    -------
    str
    """
    return f"{100 * share:.10g}\u202f%"


def amount(by: float, unit: str) -> str:
    """Spell by how much a rule is broken.

    Parameters
    ----------
    by : float
        How much.
    unit : str
        Of what.

    Returns
    -------
    str
    """
    return f"{by:,.1f}".removesuffix(".0").replace(",", "\u202f") + f" {unit}"
