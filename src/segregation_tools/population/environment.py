"""The protocol of environments: what every answer to "whom do the residents of a unit meet?" offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from segregation_tools.errors import CapabilityError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid

__all__ = ["Environment", "Surroundings", "in_order", "joined"]


@runtime_checkable
class Environment(Protocol):
    """A recipe, such as "everyone within 1 km": binds to a geography once, then serves every index.

    Its text, ``str(recipe)``, says in words whom residents meet; texts and pages repeat it.
    """

    def on(self, geography: Geography | Grid) -> Surroundings:
        """Bind the recipe to the places of a population."""
        ...


@runtime_checkable
class Surroundings(Protocol):
    """An environment bound to a geography."""

    @property
    def linear(self) -> bool:
        """Whether the environment of a sum of counts is the sum of their environments.

        Not so for the nearest people: where it is not, whom residents meet may depend on how many people live in each unit,
        and on nothing else of the counts.
        """
        ...

    @property
    def includes_self(self) -> bool:
        """Whether each resident counts exactly once among those met, so that he can be taken out again."""
        ...

    def strips(self, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
        """Yield slices of the first axis behind the groups, each with its part of the environment."""
        ...


def in_order(surroundings: Surroundings, counts: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Take the strips of an environment, holding it to its promise: every unit once, in their order.

    Parameters
    ----------
    surroundings : Surroundings
        A bound environment.
    counts : ndarray of shape (groups, …)
        Who lives in each unit.

    Yields
    ------
    tuple of slice and ndarray

    Raises
    ------
    CapabilityError
        If units are left out, come twice or out of order.
    """
    done, size = 0, counts.shape[1]
    for where, met in surroundings.strips(counts):
        start, stop, _ = where.indices(size)
        if start != done:
            break
        done = stop
        yield where, met
    if done != size:
        msg = f"the strips of {type(surroundings).__name__} must cover the units once, in their order"
        raise CapabilityError(msg)


def joined(surroundings: Surroundings, counts: NDArray[Any]) -> NDArray[np.float64]:
    """Whom the residents of every unit meet: the strips, joined.

    Parameters
    ----------
    surroundings : Surroundings
        A bound environment.
    counts : ndarray of shape (groups, …)
        Who lives in each unit.

    Returns
    -------
    ndarray of the shape of `counts`
    """
    met = np.empty(0)
    for where, part in in_order(surroundings, counts):
        if part.shape == counts.shape:
            return part
        if not met.size:
            met = np.empty(counts.shape)
        met[:, where] = part
    return met
