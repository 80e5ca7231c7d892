"""Whether rules can be kept together at all, before anything is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from segregation_tools.errors import DataError, listed
from segregation_tools.planning.constraints import rooms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segregation_tools.planning.constraints import Rule
    from segregation_tools.planning.problem import Problem

    Floats = NDArray[np.float64]

__all__ = ["check_feasible"]

FEW = 0.01  # pupils


def check_feasible(problem: Problem, rules: Sequence[Rule]) -> None:
    """Refuse rules that cannot be kept together, even if blocks could be divided between schools.

    Parameters
    ----------
    problem : Problem
        The district; every block has a school that it may go to.
    rules : sequence of Rule
        What is to be kept to.

    Raises
    ------
    DataError
        With the schools, by how many pupils, and the rules of which one must give way.
    """
    beyond = _beyond(problem, rules)
    if beyond.sum() <= FEW:
        return
    apart = [_beyond(problem, [other for other in rules if other is not rule]).sum() for rule in rules]
    ways_out = [repr(rule) for rule, left in zip(rules, apart, strict=True) if left <= FEW]
    least = min(apart, default=0.0)
    mend = (
        f"loosen {' or '.join(ways_out)}"
        if ways_out
        else f"loosen more than one of {listed(rules)}: without any one of them, {least:,.0f} or more are left"
    )
    named = zip(problem.schools, beyond[:-1], strict=True)
    found = [f"{school} {pupils:,.0f}" for school, pupils in named if pupils > FEW]
    if beyond[-1] > FEW:
        found.append(f"moves {beyond[-1]:,.0f}")
    msg = (
        f"the rules cannot be kept together: even if blocks could be divided between schools, at least {beyond.sum():,.0f} "
        f"pupils would be too many or too few ({', '.join(found[:8])}{', …' if len(found) > 8 else ''}): {mend}"
    )
    raise DataError(msg)


def _beyond(problem: Problem, rules: Sequence[Rule]) -> Floats:
    """Find the fewest pupils too many or too few: by school, and at last of those who may move."""
    from scipy.optimize import linprog

    shape = problem.minutes.shape
    schools = shape[1]
    allowed = np.logical_and.reduce([np.ones(shape, dtype=bool), *(rule.allowed(problem) for rule in rules)])
    low, high = rooms_of(problem, rules)
    high = np.minimum(high, problem.sizes.sum())
    most = min([rule.most_moved(problem) for rule in rules], default=np.inf)
    block, school = np.nonzero(allowed)
    ways, one = np.arange(len(block)), np.ones(len(block))
    rolls = sparse.csr_array((one, (school, ways)), shape=(schools, len(block)))
    spare = sparse.eye_array(schools)
    moves = ((problem.current[block] >= 0) & (problem.current[block] != school))[np.newaxis].astype(float)
    rows: list[list[Any]] = [
        [rolls, -spare, None],
        [-rolls, -spare, None],
        [sparse.csr_array(moves), None, sparse.csr_array([[-1.0]])],
    ]
    upper: Any = sparse.block_array(rows, format="csc")
    each: Any = sparse.csc_array((one, (block, ways)), shape=(shape[0], len(block) + schools + 1))
    found: Any = linprog(
        np.concatenate([np.zeros(len(block)), np.ones(schools + 1)]),
        A_ub=upper,
        b_ub=np.concatenate([high, -low, [min(most, problem.sizes.sum())]]),
        A_eq=each,
        b_eq=problem.sizes,
        method="highs",
    )
    return np.asarray(found.x[len(block) :])
