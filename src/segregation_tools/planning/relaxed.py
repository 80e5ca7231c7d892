"""A plan in which blocks may be divided between zones: no plan is better than the best of these, which is soon found.

That zones hang together is kept to where it is broken: a unit that lies in a zone by some share needs as much of the units
that cut it off from the school, whichever these are.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from segregation_tools.kernels.separators import dominators, separators
from segregation_tools.planning.landscape import ROUNDING
from segregation_tools.planning.program import Program, Sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.landscape import Landscape

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Marks = NDArray[np.bool_]
    Cut = tuple[int, int, Codes]  # a school, a unit, and units of which its zone needs as much as of that

__all__ = ["Proof", "Relaxed", "cut_rows", "proven_bound", "recomputed"]

LESS = 1e-4  # of a unit: by how much what cuts another off must be too little
TIGHT = 1e-6
RISE = 1e-5  # of the bound, in proportion, below which another round is not worth it


@dataclass(frozen=True, eq=False)
class _Area:
    """Where the zone of a school may lie.

    Attributes
    ----------
    school : int
        Position of the school.
    units : ndarray of int
        Which units.
    starts, near, back : ndarray of int32
        Which of them touch, and where each such arc is found the other way round.
    root : int
        Where among them the school stands.
    """

    school: int
    units: Codes
    starts: NDArray[np.int32]
    near: NDArray[np.int32]
    back: NDArray[np.int32]
    root: int

    @classmethod
    def of(cls, land: Landscape, around: Any, may: Marks, school: int) -> _Area:
        units = np.setdiff1d(np.flatnonzero(may[:, school]), land.left_out)
        touching = around[units][:, units]
        touching.sort_indices()
        arcs = sparse.csr_array((np.arange(touching.nnz), touching.indices, touching.indptr), shape=touching.shape)
        other_way = sparse.csr_array(arcs.T)
        other_way.sort_indices()
        starts, near, back = (part.astype(np.int32) for part in (arcs.indptr, arcs.indices, other_way.data))
        return cls(school, units, starts, near, back, int(np.searchsorted(units, land.units.stands[school])))


def _touching(land: Landscape) -> Any:
    units = len(land.start)
    return sparse.csr_array((np.ones(len(land.graph.near)), land.graph.near, land.graph.starts), shape=(units, units))


class Proof(NamedTuple):
    """What proves a bound.

    Attributes
    ----------
    bound : float
        Of the goal.
    cuts : tuple of (school, unit, units)
        What cuts zones apart.
    multipliers : ndarray of shape (rows,)
        How much each row of the program counts, and then each cut.
    """

    bound: float
    cuts: tuple[Cut, ...]
    multipliers: Floats


class Relaxed:
    """The linear program of a plan, with units that may be divided, and what was found to cut zones apart.

    Parameters
    ----------
    land : Landscape
        District, goal and rules; the goal is linear.
    again : bool
        Whether it is solved again and again: highspy, where it is installed, then goes on from the last solution.
    """

    def __init__(self, land: Landscape, *, again: bool = False) -> None:
        may, around = np.isfinite(land.cost), _touching(land)
        self.areas = [_Area.of(land, around, may, school) for school in np.flatnonzero(land.one_piece).tolist()]
        self.cuts: list[Cut] = []
        for area in self.areas:
            last = dominators(area.starts, area.near, area.root)
            may[area.units[last < 0], area.school] = False
            needs = np.flatnonzero((last >= 0) & (last != area.root))
            self.cuts += [(area.school, int(area.units[unit]), area.units[last[[unit]]]) for unit in needs.tolist()]
        self.program = program = program_of(land, may)
        self.constant = land.constant
        self.x = np.zeros(0)
        nothing = np.zeros(sum(map(len, program.low)) + len(self.cuts))
        bound = land.constant + proven_bound(program, self._rows(self.cuts), nothing)  # of prices alone
        self.proof = Proof(bound, tuple(self.cuts), nothing)
        goes_on = again and importlib.util.find_spec("highspy") is not None
        self._engine = (_GoingOn if goes_on else _Anew)(program, self._rows(self.cuts))

    @property
    def bound(self) -> float:
        """The highest that was proven until now."""
        return self.proof.bound

    def solve(self, seconds: float | None = None) -> bool:
        """Find the best division of units, and with it a bound.

        Parameters
        ----------
        seconds : float, optional
            After which it ends.

        Returns
        -------
        bool
            Whether it was found.
        """
        found = self._engine.solved(seconds)
        if found is None:
            return False
        x, multipliers = found
        bound = self.constant + proven_bound(self.program, self._rows(self.cuts), multipliers)
        if bound > self.bound:
            self.proof = Proof(bound, tuple(self.cuts), multipliers)
        self.x = x[: len(self.program.cost)]
        return True

    def separate(self, x: Floats, less: float = LESS) -> list[Cut]:
        """Find what cuts units off in zones that do not hang together.

        Parameters
        ----------
        x : ndarray of shape (ways,)
            By which share each way is taken.
        less : float
            By how much what cuts a unit off is too little.

        Returns
        -------
        list of (school, unit, units)
        """
        cuts: list[Cut] = []
        for area in self.areas:
            ways = self.program.number[area.units, area.school]
            weights = np.where(ways >= 0, np.clip(x[ways], 0, 1), 0)
            weights[area.root] = 1
            whose, ends, members = separators(area.starts, area.near, area.back, area.root, weights, less)
            lists = np.split(members, ends)[: len(ends)]
            for unit, those in zip(whose, lists, strict=True):
                cuts.append((area.school, int(area.units[unit]), area.units[those]))
        return cuts

    def add(self, cuts: list[Cut]) -> None:
        """Keep to cuts from now on.

        Parameters
        ----------
        cuts : list of (school, unit, units)
            From `separate`.
        """
        self.cuts += cuts
        self._engine.add(self._rows(cuts))

    def forget(self) -> None:
        """Leave out the cuts that do not hold the solution back, but for those by single units."""
        tight = self._rows(self.cuts) @ self.x > -TIGHT
        kept = tight | np.array([len(those) == 1 for _, _, those in self.cuts], dtype=bool)
        self.cuts = [self.cuts[i] for i in np.flatnonzero(kept)]
        self._engine.keep(kept)

    def _rows(self, cuts: list[Cut]) -> Any:
        return cut_rows(self.program, cuts)

    def round(self, seconds: float | None = None) -> bool:
        """Solve it with what cuts zones apart in the last solution.

        Parameters
        ----------
        seconds : float, optional
            After which it ends.

        Returns
        -------
        bool
            Whether the bound rose by so much that another round may be worth it.
        """
        last, first = self.bound, not len(self.x)
        if not first:
            found = self.separate(self.x)
            if not found:
                return False
            self.forget()
            self.add(found)
        return self.solve(seconds) and (first or not self.bound < last + RISE * abs(last))


def program_of(land: Landscape, may: Marks) -> Program:
    """Write the program of a whole plan, but for that zones hang together.

    Parameters
    ----------
    land : Landscape
        District, goal and rules; the goal is linear.
    may : ndarray of bool, shape (units, zones)
        Where units may lie.

    Returns
    -------
    Program
    """
    district = land.district
    program = Program(may, np.where(may, land.cost, 0), Sums.of(land))
    program.add(district.low - ROUNDING, district.high + ROUNDING, x=program.by_zone(district.sizes))
    if np.isfinite(district.most_moved):
        program.add(-np.inf, district.most_moved + ROUNDING, x=land.away[program.unit, program.zone][np.newaxis])
    return program


def recomputed(land: Landscape, proof: Proof) -> float:
    """Compute a bound from its proof alone: that cuts cut zones apart, by plain search, and what multipliers prove.

    Parameters
    ----------
    land : Landscape
        District, goal and rules.
    proof : Proof
        From `Relaxed`.

    Returns
    -------
    float

    Raises
    ------
    ArithmeticError
        If units are reached without those that are said to cut them off, or the proof is none of this district.
    """
    _, cuts, multipliers = proof
    if not np.isfinite(multipliers).all():
        msg = "the proof counts rows by what is no number"
        raise ArithmeticError(msg)
    may = np.isfinite(land.cost)
    touching = _touching(land)
    of_school: dict[int, list[Cut]] = {school: [] for school in np.flatnonzero(land.one_piece).tolist()}
    for school, unit, those in cuts:
        if school not in of_school or not {unit, *those.tolist()} <= set(range(len(may))):
            msg = f"the proof has a cut of unit {unit} from school {school}, of which there is none"
            raise ArithmeticError(msg)
        of_school[school].append((school, unit, those))
    for school, its in of_school.items():
        units, root = np.setdiff1d(np.flatnonzero(may[:, school]), land.left_out), land.units.stands[school]
        inside = touching[units][:, units]
        may[np.setdiff1d(units, _reached(inside, units, root, units[:0])), school] = False
        for _, unit, those in its:
            if root in those or unit in _reached(inside, units, root, those):
                msg = f"unit {unit} is reached from school {school} without any of the units {those.tolist()}"
                raise ArithmeticError(msg)
    program = program_of(land, may)
    return land.constant + proven_bound(program, cut_rows(program, cuts), multipliers)


def _reached(touching: Any, units: Codes, root: int, without: Codes) -> Codes:
    """Find the units that are reached from one without leading through some."""
    kept = np.flatnonzero(~np.isin(units, without))
    piece = connected_components(touching[kept][:, kept], directed=False)[1]
    met: Codes = units[kept[piece == piece[np.searchsorted(units[kept], root)]]]
    return met


def cut_rows(program: Program, cuts: Sequence[Cut]) -> Any:
    """Write cuts as rows: a way less those of which it needs as much is 0 at most.

    Parameters
    ----------
    program : Program
        Of which ways.
    cuts : list of (school, unit, units)
        From `Relaxed.separate`.

    Returns
    -------
    csr_array of shape (cuts, ways)
    """
    many = np.array([1 + len(those) for _, _, those in cuts], dtype=np.intp)
    units = np.array([each for _, unit, those in cuts for each in (unit, *those)], dtype=np.intp)
    ways = program.number[units, np.repeat(np.array([school for school, _, _ in cuts], dtype=np.intp), many)]
    values, rows = np.full(len(ways), -1.0), np.repeat(np.arange(len(cuts)), many)
    values[np.cumsum(many) - many] = 1.0
    there = ways >= 0  # the others are taken by no plan
    return sparse.csr_array((values[there], (rows[there], ways[there])), shape=(len(cuts), len(program.cost)))


def proven_bound(program: Program, cuts: Any, multipliers: Floats) -> float:
    """Compute the bound that multipliers prove, whatever they are: what rows cost, and the least that is left of prices.

    Parameters
    ----------
    program : Program
        The rows that belong to every plan.
    cuts : csr_array of shape (cuts, ways)
        Rows that are 0 at most.
    multipliers : ndarray of shape (rows,)
        Of the program, then of cuts; above 0 they hold a row to its lower bound, below 0 to its upper.

    Returns
    -------
    float
        Least value of the goal, by weak duality.
    """
    matrix, low, high = (
        _stacked(program.matrix(), cuts),
        np.concatenate([*program.low, np.full(cuts.shape[0], -np.inf)]),
        np.concatenate([*program.high, np.zeros(cuts.shape[0])]),
    )
    held = np.where(multipliers > 0, low, high)
    sure = np.isfinite(held)
    kept = np.where(sure, multipliers, 0)
    left = program.prices - matrix.T @ kept
    return float(kept[sure] @ held[sure] + np.minimum(left, 0) @ program.most)


def _stacked(matrix: Any, cuts: Any) -> Any:
    wide = sparse.csr_array((cuts.data, cuts.indices, cuts.indptr), shape=(cuts.shape[0], matrix.shape[1]))
    return sparse.vstack([matrix, wide], format="csr")


# ---------------------------------------------------------------- solvers


class _Anew:
    """Solved by SciPy, from the beginning each time."""

    def __init__(self, program: Program, cuts: Any) -> None:
        self.program, self.cuts = program, cuts

    def add(self, cuts: Any) -> None:
        """Add rows that are 0 at most."""
        self.cuts = sparse.vstack([self.cuts, cuts], format="csr")

    def keep(self, which: Marks) -> None:
        """Keep only some of the rows that were added."""
        self.cuts = self.cuts[np.flatnonzero(which)]

    def solved(self, seconds: float | None) -> tuple[Floats, Floats] | None:
        """Give the solution and the multipliers of rows."""
        from scipy.optimize import linprog

        program = self.program
        matrix = _stacked(program.matrix(), self.cuts)
        low = np.concatenate([*program.low, np.full(self.cuts.shape[0], -np.inf)])
        high = np.concatenate([*program.high, np.zeros(self.cuts.shape[0])])
        same = low == high
        up, down = (np.flatnonzero(np.isfinite(side) & ~same) for side in (high, low))
        unit = program.unit_price
        limit: Any = {} if seconds is None else {"time_limit": seconds}
        found: Any = linprog(
            program.prices / unit,
            A_ub=sparse.vstack([matrix[up], -matrix[down]], format="csc"),
            b_ub=np.concatenate([high[up], -low[down]]),
            A_eq=matrix[np.flatnonzero(same)],
            b_eq=high[same],
            bounds=(0, None),
            method="highs-ipm",
            options=limit,
        )
        if found.status != 0:
            return None
        multipliers = np.zeros(len(low))
        multipliers[same] = found.eqlin.marginals
        multipliers[up] += found.ineqlin.marginals[: len(up)]
        multipliers[down] -= found.ineqlin.marginals[len(up) :]
        return np.asarray(found.x), multipliers * unit


class _GoingOn:
    """Solved by highspy, which goes on from the last solution."""

    def __init__(self, program: Program, cuts: Any) -> None:
        import highspy

        self.unit = program.unit_price
        self.model: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        self.model.setOptionValue("output_flag", False)
        self.model.setOptionValue("threads", 1)
        many = len(program.prices)
        nothing, whole = np.zeros(0), np.zeros(0, dtype=np.int32)
        self.model.addCols(
            many, program.prices / self.unit, np.zeros(many), np.full(many, np.inf), 0, whole, whole, nothing
        )
        self.first = sum(map(len, program.low))
        self.model.setOptionValue("solver", "ipm")  # at first; then simplex, which goes on from there
        self._put(program.matrix().tocsr(), np.concatenate(program.low), np.concatenate(program.high))
        self.add(cuts)

    def add(self, cuts: Any) -> None:
        """Add rows that are 0 at most."""
        self._put(cuts, np.full(cuts.shape[0], -np.inf), np.zeros(cuts.shape[0]))

    def keep(self, which: Marks) -> None:
        """Keep only some of the rows that were added."""
        gone = (np.flatnonzero(~which) + self.first).astype(np.int32)
        self.model.deleteRows(len(gone), gone)

    def _put(self, rows: Any, low: Floats, high: Floats) -> None:
        starts, columns = rows.indptr.astype(np.int32), rows.indices.astype(np.int32)
        self.model.addRows(rows.shape[0], low, high, rows.nnz, starts[:-1], columns, rows.data)

    def solved(self, seconds: float | None) -> tuple[Floats, Floats] | None:
        """Give the solution and the multipliers of rows."""
        import highspy

        self.model.setOptionValue("time_limit", np.inf if seconds is None else self.model.getRunTime() + seconds)
        self.model.run()
        self.model.setOptionValue("solver", "simplex")
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found = self.model.getSolution()
        return np.array(found.col_value), np.array(found.row_dual) * self.unit
