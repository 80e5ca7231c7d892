"""The shape of indices that read the map: areas, distances and borders, beside who lives where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segregation_tools.errors import CapabilityError, GeographyError, OptionError, UndefinedWarning, listed, warn
from segregation_tools.indices.index import Index, Sums, gathered, on_the_shelf, per_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from segregation_tools.indices.index import LocalValues
    from segregation_tools.population.geography import Geography
    from segregation_tools.population.grid import Grid
    from segregation_tools.population.population import Population

    Array = NDArray[np.float64]

__all__ = ["ALIKE", "areas_of", "from_each_place", "like", "of_the_map", "undefined", "without_environment"]

ALIKE = 1e-9  # lengths and areas that differ by less than this part of themselves are one

MENDS = {
    "nearest": "nearest=10, how many units around each are compared",
    "decay": "decay=1000.0, the metres over which proximity falls to 1/e",
    "center": "center=(x, y) in the coordinates of the map, several of them, 'mean' (of the centroids), or "
    "'population_weighted_mean'",
}


def areas_of(geography: Geography | Grid) -> Array:
    """Areas of the units, in square metres.

    Parameters
    ----------
    geography : Geography or Grid
        The map.

    Returns
    -------
    ndarray of shape (units,)

    Raises
    ------
    GeographyError
        If units have none; they are named.
    """
    areas: Array = np.asarray(geography.areas, dtype=np.float64).reshape(-1)
    flat = areas <= 0
    if flat.any():
        msg = f"areas are needed; units without one, such as points: {listed(geography.units[flat])}. Give polygons"
        raise GeographyError(msg)
    return areas


def without_environment(pop: Population, name: str) -> Population:
    """Return a population that has no local environment.

    Parameters
    ----------
    pop : Population
        Whom to look at.
    name : str
        Of what reads the map.

    Returns
    -------
    Population

    Raises
    ------
    CapabilityError
        If it has one.
    """
    if pop.surroundings is not None:
        msg = f"{name} reads the map itself: measure the population without within(...), or merge its units"
        raise CapabilityError(msg)
    return pop


# What a formula may read, by the name of its parameter.
INGREDIENTS: dict[str, Callable[[Population], Any]] = {
    "counts": lambda pop: pop.counts.reshape(len(pop.groups), -1).astype(np.float64),
    "x": lambda pop: pop.counts[0].reshape(-1).astype(np.float64),
    "y": lambda pop: pop.counts[1].reshape(-1).astype(np.float64),
    "areas": lambda pop: areas_of(pop.geography),
    "centroids": lambda pop: pop.geography.centroids.to_numpy(),
    "geography": lambda pop: pop.geography,
}


class OfTheMap(Index):
    """Read from counts and from where the units lie: the names of the formula's parameters say what it needs."""

    reads_map = True

    def missing(self, pop: Population) -> str:
        """Say what a population lacks for this index to be measured; nothing where it lacks nothing."""
        if pop.surroundings is not None:
            return "they read the map itself, not a local environment"
        try:
            for name in INGREDIENTS.keys() & self.reads:
                INGREDIENTS[name](pop)
            if "geography" in self.reads:
                pop.geography.adjacency()
        except GeographyError as lacking:
            return str(lacking)
        return ""

    def _value(self, pop: Population, options: dict[str, Any]) -> Any:
        return np.nan if self._undefined(pop) else self._read(pop, options)

    def _read(self, pop: Population, options: dict[str, Any]) -> Any:
        """Answer of the formula, once the population has all that it reads."""
        without_environment(pop, self.__name__)
        for name in self.about.needs:
            if options[name] is None:
                msg = f"{self.__name__} needs {MENDS[name]}"
                raise OptionError(msg)
        return self.formula(**{name: INGREDIENTS[name](pop) for name in INGREDIENTS if name in self.reads}, **options)

    @property
    def local_refusal(self) -> str:
        """Why there are no local values."""
        return "it compares units with each other or with the whole map"

    def _sums(self, pop: Population, totals: Array, options: dict[str, Any]) -> Sums:
        raise CapabilityError(self._no_sums)

    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        raise CapabilityError(self._no_sums)

    @property
    def _no_sums(self) -> str:
        return f"{self.__name__} needs the whole map at once: it cannot be summed in parts"


class FromEachPlace(OfTheMap):
    """A value for each unit, as seen from there; unless the answer is "units", its mean over residents is the index."""

    def _value(self, pop: Population, options: dict[str, Any]) -> Any:
        if self._answer(options) == "units":
            return gathered(self._local(pop, options))
        if self._undefined(pop):
            return np.nan
        ((residents, values),) = self._local(pop, options)
        lived = residents > 0
        return residents[lived] @ values[lived] / residents.sum()

    def _local(self, pop: Population, options: dict[str, Any]) -> LocalValues:
        values = np.full(len(pop), np.nan) if self._undefined(pop) else self._read(pop, options)
        yield pop.sizes.reshape(-1), values

    def _labelled(self, value: Any, pop: Population, options: Mapping[str, Any]) -> Any:
        if self._answer(options) == "units":
            return per_unit(value, pop, self.__name__)
        return super()._labelled(value, pop, options)

    @property
    def local_refusal(self) -> str:
        """Why there are no local values; there are."""
        return ""


of_the_map = on_the_shelf(OfTheMap)
from_each_place = on_the_shelf(FromEachPlace)


def like(values: Array, rounding: float = 0.0) -> NDArray[np.intp]:
    """Give lengths or areas numbers, from the smallest up; those that are equal but for rounding have the same.

    Parameters
    ----------
    values : ndarray of shape (units,)
        0 or more.
    rounding : float
        By how much equal values may differ, whatever their size.

    Returns
    -------
    ndarray of int, shape (units,)

    Examples
    --------
    >>> like(np.array([3.0, 1.0, 1.0 + 1e-12, 2.0]))
    array([2, 0, 0, 1])
    """
    order = np.argsort(values, kind="stable")
    numbers = np.empty(len(values), dtype=np.intp)
    ordered = values[order]
    numbers[order] = np.cumsum(np.append(False, np.diff(ordered) > ALIKE * ordered[1:] + rounding))
    return numbers


def undefined(name: str, reason: str) -> float:
    """Say why a value is not defined.

    Parameters
    ----------
    name : str
        Of the index.
    reason : str
        Why.

    Returns
    -------
    float
        NaN.
    """
    warn(f"{name} is undefined (NaN): {reason}", UndefinedWarning)
    return float("nan")
