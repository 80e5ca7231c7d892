"""A plan as a mixed-integer program: which unit lies in which zone, and how far the sums of each zone are from 0."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from segregation_tools.kernels import moves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.planning.landscape import Landscape

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Program", "Solution", "Sums", "linear"]

NONE = 2  # milp: there is no solution


def linear(land: Landscape) -> bool:
    """Say whether a goal adds up costs of blocks, and people above or below a share.

    Parameters
    ----------
    land : Landscape
        District, goal and rules.

    Returns
    -------
    bool
        Whether `Sums` can tell it.
    """
    terms = land.terms
    known = np.isin(terms.kinds, [moves.DEVIATION, moves.HINGE]) & (terms.scales >= 0)
    return bool(land.exact and known.all() and (terms.weights[terms.kinds == moves.DEVIATION] >= 0).all())


@dataclass(frozen=True, eq=False)
class Sums:
    """What of a goal is a distance of sums from 0, zone by zone.

    Attributes
    ----------
    shares : ndarray of shape (sums, units)
        What each unit adds to the sums of its zone.
    weights : ndarray of shape (sums,)
        How much a sum counts.
    both : ndarray of bool, shape (sums,)
        Whether it counts below 0 as well.
    """

    shares: Floats
    weights: Floats
    both: NDArray[np.bool_]

    @classmethod
    def of(cls, land: Landscape) -> Sums:
        """Take the sums of a goal that is `linear`.

        Parameters
        ----------
        land : Landscape
            District, goal and rules.

        Returns
        -------
        Sums
        """
        district, terms = land.district, land.terms
        rows: list[tuple[Floats, float, bool]] = []
        for kind, weight, scale in zip(terms.kinds, terms.weights[:, 0], terms.scales, strict=True):
            if kind == moves.HINGE:
                rows.append((district.counts @ weight, scale, False))
            else:
                apart = district.counts - np.outer(district.sizes, terms.mix)
                rows += [(apart[:, g], scale * weight[g], True) for g in np.flatnonzero(weight)]
        shares = np.array([row[0] for row in rows]).reshape(len(rows), len(district.sizes))
        weights, both = (np.array([row[i] for row in rows]) for i in (1, 2))
        return cls(shares, weights.astype(np.float64), both.astype(bool))

    def counted(self, sums: Floats) -> float:
        """Weigh sums; those of zones, which are columns, are added up.

        Parameters
        ----------
        sums : ndarray of shape (sums,) or (sums, zones)
            Of units.

        Returns
        -------
        float
        """
        counted = np.where(self.both.reshape(-1, *[1] * (sums.ndim - 1)), np.abs(sums), np.maximum(sums, 0))
        return float(self.weights @ counted.sum(axis=tuple(range(1, counted.ndim))))


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver found.

    Attributes
    ----------
    x : ndarray of shape (ways,), or None
        Which ways are taken; None where none was found.
    bound : float
        Below which no solution lies: infinite where there is proven to be none.
    """

    x: Floats | None
    bound: float


class Program:
    """Units in zones, of three kinds of unknowns: x of a way, a unit in a zone, is 0 or 1; f flows; d are distances.

    The goal is Σ cost x + Σ weight d, with d as large as the sums of x are far from 0.

    Parameters
    ----------
    may : ndarray of bool, shape (units, zones)
        Which unit may lie in which zone: the ways, unit by unit.
    cost : ndarray of shape (units, zones)
        Of each way.
    sums : Sums
        Of these units.
    beside : ndarray of shape (sums, zones), optional
        Sums of what lies in the zones besides.
    """

    def __init__(self, may: NDArray[np.bool_], cost: Floats, sums: Sums, beside: Floats | None = None) -> None:
        self.shape = may.shape
        self.unit, self.zone = np.nonzero(may)
        self.number = np.full(may.shape, -1)
        self.number[may] = np.arange(len(self.unit))
        zones, many = may.shape[1], len(sums.weights)
        self.cost = cost[may]
        self.weights = np.repeat(sums.weights, zones)
        self.room = np.zeros(0)  # of flows
        self.rows: list[list[Any]] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.add(1, 1, x=self.by_unit(np.ones(may.shape[0])))
        beside = np.zeros((many, zones)) if beside is None else beside
        self.farthest = (np.abs(sums.shares).sum(axis=1)[:, np.newaxis] + np.abs(beside)).ravel()  # sums can be from 0
        for q in range(many):
            for sign in (1, -1)[: 1 + sums.both[q]]:
                apart = -sparse.eye_array(zones, many * zones, k=q * zones, format="csr")
                self.add(-np.inf, -sign * beside[q], x=self.by_zone(sign * sums.shares[q]), d=apart)

    def by_unit(self, values: Floats) -> Any:
        """Add up ways by unit.

        Parameters
        ----------
        values : ndarray of shape (units,)
            Of each way of the unit.

        Returns
        -------
        csr_array of shape (units, ways)
        """
        return self._matrix(values[self.unit], self.unit, self.shape[0])

    def by_zone(self, values: Floats) -> Any:
        """Add up ways by zone.

        Parameters
        ----------
        values : ndarray of shape (units,)
            Of each way of the unit.

        Returns
        -------
        csr_array of shape (zones, ways)
        """
        return self._matrix(values[self.unit], self.zone, self.shape[1])

    def _matrix(self, values: Floats, rows: Codes, height: int) -> Any:
        return sparse.csr_array((values, (rows, np.arange(len(self.unit)))), shape=(height, len(self.unit)))

    def add(self, least: Any, most: Any, *, x: Any = None, f: Any = None, d: Any = None) -> None:
        """Keep sums of unknowns between two bounds.

        Parameters
        ----------
        least, most : float or ndarray of shape (rows,)
            Bounds.
        x, f, d : csr_array of rows × unknowns of a kind, optional
            What is added up.
        """
        height = next(part.shape[0] for part in (x, f, d) if part is not None)
        self.rows.append([x, f, d])
        self.low.append(np.broadcast_to(least, height).astype(np.float64))
        self.high.append(np.broadcast_to(most, height).astype(np.float64))

    def flowing(self, start: Codes, end: Codes, roots: Codes) -> None:
        """Let something flow to each unit of a zone from its root, along arcs of ways, so that it hangs together.

        Parameters
        ----------
        start, end : ndarray of int
            Arcs: number of the way that each leads from, and to.
        roots : ndarray of int
            Ways at which flows begin.
        """
        inside = ~np.isin(end, roots)
        start, end = start[inside], end[inside]
        units, arcs = self.shape[0], len(start)
        into, out = (
            sparse.csr_array((np.ones(arcs), (side, np.arange(arcs))), shape=(len(self.unit), arcs))
            for side in (end, start)
        )
        fed = sparse.eye_array(len(self.unit), format="csr")[np.setdiff1d(np.arange(len(self.unit)), roots)]
        self.room = np.full(arcs, float(units))
        self.add(0, 0, x=-fed, f=fed @ (into - out))
        self.add(-np.inf, 0, x=-units * fed, f=fed @ into)

    def below(self, most: float) -> None:
        """Keep the goal at most so large.

        Parameters
        ----------
        most : float
            How large.
        """
        unit = self.unit_price
        self.add(-np.inf, most / unit, x=self.cost[np.newaxis] / unit, d=self.weights[np.newaxis] / unit)

    @property
    def unit_price(self) -> float:
        """In which the solver counts, so that its own tolerances are small."""
        return float(np.abs(self.prices).max(initial=0)) or 1.0

    @property
    def prices(self) -> Floats:
        """What each unknown adds to the goal."""
        return np.concatenate([self.cost, np.zeros(len(self.room)), self.weights])

    @property
    def most(self) -> Floats:
        """As large as each unknown is in any plan; none is below 0."""
        return np.concatenate([np.ones(len(self.cost)), self.room, self.farthest])

    def copied(self) -> Program:
        """Return the program, to which rows can be added while this one stays.

        Returns
        -------
        Program
        """
        other = copy(self)
        other.rows, other.low, other.high = list(self.rows), list(self.low), list(self.high)
        return other

    def matrix(self) -> Any:
        """Put all rows together.

        Returns
        -------
        csc_array of shape (rows, unknowns)
        """
        widths = (len(self.cost), len(self.room), len(self.weights))
        blocks = [
            [
                sparse.csr_array((len(low), width)) if part is None else part
                for part, width in zip(parts, widths, strict=True)
                if width
            ]
            for parts, low in zip(self.rows, self.low, strict=True)
        ]
        return sparse.block_array(blocks, format="csc")

    def solved(self, *, seconds: float | None = None, nodes: int | None = None, gap: float = 0) -> Solution:
        """Solve it.

        Parameters
        ----------
        seconds : float, optional
            After which it ends.
        nodes : int, optional
            Of the tree, after which it ends.
        gap : float
            Between goal and bound, in proportion, at which it ends.

        Returns
        -------
        Solution
        """
        from scipy.optimize import Bounds, LinearConstraint, milp

        whole = np.repeat([1, 0, 0], [len(self.cost), len(self.room), len(self.weights)])
        options: Any = {"mip_rel_gap": gap}
        if seconds is not None:
            options["time_limit"] = seconds
        if nodes is not None:
            options["node_limit"] = nodes
        found = milp(
            self.prices / self.unit_price,
            integrality=whole,
            bounds=Bounds(0, self.most),
            constraints=LinearConstraint(self.matrix(), np.concatenate(self.low), np.concatenate(self.high)),
            options=options,
        )
        told = np.nan if found.mip_dual_bound is None else float(found.mip_dual_bound)
        bound = np.inf if found.status == NONE else -np.inf if np.isnan(told) else told * self.unit_price
        return Solution(None if found.x is None else np.asarray(found.x[: len(self.cost)]), bound)
