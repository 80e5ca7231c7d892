"""Who is whose neighbour, and the sums over neighbours that statistics are made of: of given links, of cells that touch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import DataError, DataWarning, listed, warn
from segregation_tools.population.grid import Grid

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Floats = NDArray[np.float64]

__all__ = ["Cells", "Links", "dot", "less_mean"]

ALIKE = 1e-12  # weights that differ by no more than this part are the same
ROUNDED = 16 * float(np.finfo(float).eps)  # of a mean, by which the order of values may change it
RANGE = (1e-100, 1e100)  # of the largest weight, whose squares and products are numbers still


def dot(x: Floats, y: Floats) -> float:
    """Add up products, on one thread: linear algebra libraries take several, whose number would decide the last digit.

    Parameters
    ----------
    x, y : ndarray of shape (units,)
        Two lists.

    Returns
    -------
    float
    """
    return float((x * y).sum())


def less_mean(x: Floats) -> Floats:
    """Give values less their mean: exactly 0 at the mean, in whatever order they were added up.

    Parameters
    ----------
    x : ndarray of shape (units,)
        Values.

    Returns
    -------
    ndarray of shape (units,)
    """
    mean = x.mean()
    z: Floats = x - mean
    nearest = np.abs(z)
    rounding = ROUNDED * (np.abs(x).mean() if x.min() < 0 else mean)
    if nearest.min() <= rounding:
        z[nearest <= rounding] = 0.0
    return z


@dataclass(frozen=True, eq=False)
class Links:
    """Weights between units, taken as they are.

    Attributes
    ----------
    weights : csr_array of shape (units, units)
        Row i: how much each neighbour of i counts.
    own : ndarray of shape (units,)
        How much a unit counts for itself, which is no link.
    sums : ndarray of shape (5, units)
        Those of `sums_of_links`.
    where : ndarray of bool, or None
        Which of the units that were given these are; None for all.
    """

    weights: csr_array
    own: Floats
    sums: Floats
    where: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, weights: csr_array, units: pd.Index[Any], where: NDArray[np.bool_] | None = None) -> Links:
        """Take the links apart from what units count for themselves; tell of units without any.

        Parameters
        ----------
        weights : csr_array of shape (units, units)
            No explicit zeros.
        units : pandas.Index
            Their labels.
        where : ndarray of bool, optional
            Which of the given units these are.

        Returns
        -------
        Links
        """
        from segregation_tools.kernels.links import sums_of_links

        sums = sums_of_links(weights.indptr, weights.indices, weights.data)
        own: Floats = sums[4].copy()
        if own.any():
            weights = weights.copy()
            weights.setdiag(0)
            weights.eliminate_zeros()
            sums = sums_of_links(weights.indptr, weights.indices, weights.data)
        alone = np.diff(weights.indptr) == 0
        largest = float(sums[3][~alone].max(initial=0)) if alone.any() else float(sums[3].max())
        if largest and not RANGE[0] <= largest <= RANGE[1]:
            msg = (
                f"the largest weight is {largest:g}, whose square is no number. Divide all by it: chance stays the same"
            )
            raise DataError(msg)
        _tell_of(units, alone)
        weights.sort_indices()
        return cls(weights, own, sums, where)

    @cached_property
    def many(self) -> NDArray[np.int64]:
        """How many neighbours each unit has."""
        return np.diff(self.weights.indptr).astype(np.int64)

    @property
    def degree(self) -> Floats:
        """Σ_j w_ij."""
        found: Floats = self.sums[0]
        return found

    @property
    def squared_degree(self) -> Floats:
        """Σ_j w_ij²."""
        found: Floats = self.sums[1]
        return found

    @property
    def largest(self) -> Floats:
        """What the neighbour that counts most counts; 1 where there is none."""
        found: Floats = self.sums[3]
        return found

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        """S₀ = Σ w_ij, S₁ = ½ Σ (w_ij + w_ji)² and S₂ = Σ_i (Σ_j w_ij + Σ_j w_ji)²."""
        both = self.weights.power(2).sum() + self.weights.multiply(self.weights.T).sum()
        return (
            float(self.degree.sum()),
            float(both),
            float(np.square(self.degree + self.received(np.ones(len(self.degree)))).sum()),
        )

    @cached_property
    def equal(self) -> Floats | None:
        """What each neighbour of a unit counts, where all of them count alike; None where some do not."""
        least: Floats
        most: Floats
        least, most = self.sums[2:4]
        return least if (most - least <= ALIKE * most).all() else None

    def lag(self, u: Floats) -> Floats:
        """Σ_j w_ij u_j."""
        found: Floats = self.weights @ u
        return found

    def lags(self, u: Floats) -> Floats:
        """Σ_j w_ij u_j and Σ_j w_ij |u_j|, shape (2, units)."""
        from segregation_tools.kernels.links import sums_and_sizes

        found: Floats = sums_and_sizes(self.weights.indptr, self.weights.indices, self.weights.data, u)
        return found

    def received(self, x: Floats) -> Floats:
        """Σ_i w_ij x_i."""
        found: Floats = self.weights.T @ x
        return found

    def products(self, x: Floats, y: Floats) -> float:
        """Σ_ij w_ij x_i y_j."""
        return dot(x, self.lag(y))

    def squares(self, x: Floats) -> Floats:
        """Σ_j w_ij (x_i − x_j)²."""
        rows = np.repeat(np.arange(len(x)), self.many)
        apart = self.weights.data * np.square(x[rows] - x[self.weights.indices])
        return np.bincount(rows, apart, minlength=len(x)).astype(np.float64)

    def moment_sums(self, values: NDArray[Any]) -> tuple[int, float, Floats]:
        """Give n, Σ x / n, and Σ z², Σ z⁴ and Σ_ij w_ij z_i z_j of what is left without the mean."""
        x = np.asarray(values if self.where is None else values[self.where], dtype=np.float64).reshape(-1)
        z = less_mean(x)
        return len(x), float(x.mean()), np.array([dot(z, z), dot(z * z, z * z), self.products(z, z)])


def _tell_of(units: pd.Index[Any], alone: NDArray[np.bool_]) -> None:
    if alone.any():
        warn(
            f"units without neighbours: {listed(units[alone])}. They count among all units and have no say: whatever "
            "is asked of them alone is not defined",
            DataWarning,
        )


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of a grid that touch, each link counting 1; none is written down.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    corners : bool
        Whether cells that meet in a corner touch.
    pivot : float
        A value, beside which others are added up: sums of what differs little keep their digits.
    total : float
        Sum of all values less the pivot.
    where : ndarray of bool, shape (rows, cols), or None
        Cells that there are; None for all.
    """

    shape: tuple[int, ...]
    corners: bool
    pivot: float
    total: float
    where: NDArray[np.bool_] | None = None
    own = np.zeros(1)

    def _laid(self, u: Floats) -> Floats:
        if self.where is None:
            return u.reshape(self.shape)
        laid = np.zeros(self.shape)
        laid[self.where] = u
        return laid

    def _taken(self, laid: Floats) -> Floats:
        return laid.reshape(-1) if self.where is None else laid[self.where]

    def lag(self, u: Floats) -> Floats:
        """Σ_j u_j over the neighbours."""
        from segregation_tools.kernels.grids.cells import links_of_cells

        return self._taken(links_of_cells(self._laid(u), corners=self.corners))

    def lags(self, u: Floats) -> Floats:
        """Σ_j u_j and Σ_j |u_j| over the neighbours, shape (2, cells)."""
        return np.array([self.lag(u), self.lag(np.abs(u))])

    @cached_property
    def degree(self) -> Floats:
        """How many neighbours each cell has."""
        self.tell_of_alone()
        return self.lag(np.ones(int(np.prod(self.shape)) if self.where is None else np.count_nonzero(self.where)))

    def tell_of_alone(self) -> None:
        """Warn of cells among holes that have no neighbours."""
        from segregation_tools.kernels.grids.cells import cells_alone

        if self.where is not None:
            alone = np.flatnonzero(cells_alone(self.where, corners=self.corners))
            _tell_of(Grid(self.shape[0], self.shape[1], None).labels(alone), np.ones(len(alone), dtype=bool))

    @property
    def squared_degree(self) -> Floats:
        """The same, as each counts 1."""
        return self.degree

    @property
    def many(self) -> NDArray[np.int64]:
        """How many neighbours each cell has, as whole numbers."""
        return self.degree.astype(np.int64)

    @property
    def equal(self) -> Floats:
        """What each neighbour counts."""
        return np.ones(len(self.degree))

    @property
    def largest(self) -> Floats:
        """The same."""
        return self.equal

    @cached_property
    def moments(self) -> tuple[float, float, float]:
        """S₀ = Σ w_ij, S₁ = ½ Σ (w_ij + w_ji)² and S₂ = Σ_i (Σ_j w_ij + Σ_j w_ji)²."""
        if self.where is None:
            rows, cols = self.shape
            down, across = ((np.arange(n) > 0).astype(float) + (np.arange(n) < n - 1) for n in self.shape)
            if self.corners:  # (a + 1)(b + 1) − 1 neighbours, of a in the column and b in the row
                seen = (down + 1).sum() * (across + 1).sum()
                links = seen - rows * cols
                squares = np.square(down + 1).sum() * np.square(across + 1).sum() - 2 * seen + rows * cols
            else:  # a + b
                links = cols * down.sum() + rows * across.sum()
                squares = cols * dot(down, down) + rows * dot(across, across) + 2 * down.sum() * across.sum()
        else:
            links, squares = self.degree.sum(), np.square(self.degree).sum()
        return self._moments(links, squares)

    @staticmethod
    def _moments(links: Any, squares: Any) -> tuple[float, float, float]:
        return float(links), float(2 * links), float(4 * squares)

    def received(self, x: Floats) -> Floats:
        """Σ_i x_i over the neighbours."""
        return self.lag(x)

    def products(self, x: Floats, y: Floats) -> float:
        """Σ_ij x_i y_j over neighbours."""
        return dot(x, self.lag(y))

    def squares(self, x: Floats) -> Floats:
        """Σ_j (x_i − x_j)² over the neighbours."""
        from segregation_tools.kernels.grids.cells import squares_of_cells

        return self._taken(squares_of_cells(self._laid(x), self.where, corners=self.corners))

    def moment_sums(self, values: NDArray[Any]) -> tuple[int, float, Floats]:
        """Give n, Σ x / n, and Σ z², Σ z⁴ and Σ_ij z_i z_j of what is left without the mean."""
        from segregation_tools.kernels.grids.cells import moment_sums

        cells = values.size if self.where is None else int(np.count_nonzero(self.where))
        mean, sums = moment_sums(values, cells, self.pivot, self.total, corners=self.corners)
        if self.where is not None:
            self.__dict__["moments"] = self._moments(*sums[3:5])  # counted in passing
            if sums[5] < cells:
                self.tell_of_alone()
        return cells, mean, sums[:3] * [1, 1, 2]
