"""Weights between units that are given: a libpysal graph, or any sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from segregation_tools.population.options import real_number
from segregation_tools.population.weights import weights_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["BoundWeights", "Neighbours", "with_self"]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Residents of a unit meet the people of other units, as often as weights say that are given.

    Parameters
    ----------
    graph : libpysal Graph or W, DataFrame, sparse matrix or array, of shape (units, units)
        Row i holds how much the people of each unit count for the residents of i. A graph or frame is matched by its labels,
        a matrix taken in the order of the units. Whether rows add up to one does not matter.
    self_weight : float, optional
        How much the people of one's own unit count. Without it the diagonal stays as it is given: in most graphs it is
        empty, so that nobody meets those of their own unit.

    Raises
    ------
    DataError
        If a unit is missing, labels do not match, or weights are negative or missing.

    Examples
    --------
    >>> import numpy as np
    >>> pop = sgt.Population([[90, 10, 0], [10, 90, 100]], groups=["a", "b"])
    >>> chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> pop.within(Neighbours(chain, self_weight=1)).environment
    array([[100., 100.,  10.],
           [100., 200., 190.]])
    """

    graph: Any = field(repr=False)
    self_weight: float | None = None

    def __post_init__(self) -> None:
        if self.self_weight is not None:
            real_number(self.self_weight, "self_weight", 0, "a weight")

    def __str__(self) -> str:
        return "the people of other units, as often as given weights say"

    def on(self, geography: Geography | Grid) -> BoundWeights:
        """Match the weights with the units.

        Parameters
        ----------
        geography : Geography or Grid
            The places of a population.

        Returns
        -------
        BoundWeights
        """
        weights = weights_between(self.graph, geography.units)
        return BoundWeights(weights if self.self_weight is None else with_self(weights, self.self_weight))


def with_self(weights: sparse.csr_array, weight: float) -> sparse.csr_array:
    """Let the people of one's own unit count so much.

    Parameters
    ----------
    weights : csr_array of shape (units, units)
        Not changed.
    weight : float
        0 or more.

    Returns
    -------
    csr_array
    """
    own = sparse.diags_array(weight - weights.diagonal())
    return sparse.csr_array(weights + own)


@dataclass(frozen=True, eq=False)
class BoundWeights:
    """Weights between the units of a population."""

    weights: sparse.csr_array
    linear = True

    @property
    def includes_self(self) -> bool:
        """Whether the people of one's own unit count once."""
        return bool((self.weights.diagonal() == 1).all())

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the environment of all units at once."""
        met = self.weights @ np.ascontiguousarray(counts.reshape(len(counts), -1).T, dtype=np.float64)
        yield slice(None), np.ascontiguousarray(met.T).reshape(counts.shape)
