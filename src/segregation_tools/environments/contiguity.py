"""The unit and those that touch it, once or several steps away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segregation_tools.environments.given import BoundWeights, with_self
from segregation_tools.errors import DataWarning, listed, warn
from segregation_tools.population.adjacency import RULES
from segregation_tools.population.options import one_of, real_number
from segregation_tools.population.weights import within_steps

if TYPE_CHECKING:
    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["Contiguity"]


@dataclass(frozen=True)
class Contiguity:
    """Residents meet the people of their unit and of those that touch it.

    Parameters
    ----------
    order : int
        Up to how many steps away: 2 adds the neighbours of neighbours.
    rule : {"queen", "rook"}
        Whether units touch that meet in a corner, or only those that share a stretch of border. Overlapping units touch.
    self_weight : float
        How much the people of one's own unit count, where those of the others count 1.
    tolerance : float
        How many metres apart borders may lie and still be one: where they were drawn twice, 1 closes the gaps. By the rule
        ``"rook"`` they must then run along each other for as many metres.

    Raises
    ------
    GeographyError
        If units are no polygons, have no geometry, or a tolerance is asked for in degrees.
    OptionError
        If an option is out of its range.

    Warns
    -----
    DataWarning
        If units touch no other: their residents meet only each other. They are named.

    Examples
    --------
    >>> import segregation_tools as sgt
    >>> pop = sgt.Population.from_frame(sgt.load("sacramento"), groups=["white", "black", "asian", "hispanic"])
    >>> [round(sgt.dissimilarity(pop.within(Contiguity(order))), 3) for order in (1, 2, 3)]
    [0.361, 0.329, 0.302]
    """

    order: int = 1
    rule: str = "queen"
    self_weight: float = 1.0
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        real_number(self.order, "order", 1, "a whole number of steps", whole=True)
        one_of(self.rule, "rule", RULES)
        real_number(self.self_weight, "self_weight", 0, "a weight")
        real_number(self.tolerance, "tolerance", 0, "a length in metres")

    def __str__(self) -> str:
        touching = "that share a border with it" if self.rule == "rook" else "that touch it"
        steps = "" if self.order == 1 else f", up to {self.order} steps away"
        own = "" if self.self_weight == 1 else f" (their own counting {self.self_weight:g} times)"
        return f"the people of their unit and of those {touching}{steps}{own}"

    def on(self, geography: Geography | Grid) -> BoundWeights:
        """Find which units touch.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundWeights
        """
        touching = geography.adjacency(self.rule, self.tolerance)
        alone = touching.sum(axis=1) == 0
        if alone.any():
            warn(
                f"units that touch no other: {listed(geography.units[alone])}. Their residents meet only each other. Where "
                "borders were drawn twice, tolerance=1 (metre) closes the gaps; sgt.Radius and sgt.NearestUnits reach "
                "across water",
                DataWarning,
            )
        return BoundWeights(with_self(within_steps(touching, int(self.order)), self.self_weight))
