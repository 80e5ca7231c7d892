"""The population whose counts lie in chunks: work on its parts runs wherever Dask runs it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError
from segregation_tools.population import checking
from segregation_tools.population.chunked.cluster import dask_here
from segregation_tools.population.chunked.parts import (
    Header,
    Part,
    Shared,
    cut_up,
    of_population,
    on_cells,
    on_units,
    overlaps,
    people_of_tiles,
    piece_of,
    tile_edges,
    unchecked,
    whoever_answers,
    whole,
)
from segregation_tools.population.environment import InParts, Tiles
from segregation_tools.population.geography import Geography
from segregation_tools.population.grid import Grid
from segregation_tools.population.population import Population

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from segregation_tools.population.chunked.parts import Place
    from segregation_tools.population.environment import Environment, Surroundings

    Floats = NDArray[np.float64]

__all__ = ["ChunkedPopulation"]

Result = TypeVar("Result")

FOLDED = 8  # results are put together by so many, where they are large


class ChunkedPopulation(Population):
    """A population whose counts lie in chunks; every verb that can be worked out part by part reads it like any other.

    Made by `Population.from_raster` of a Dask or zarr array, and by `Population.from_frame` of a Dask frame. Counts are
    read once when it is made, to check them and to add them up, and once for each verb.

    Attributes
    ----------
    chunks : dask.array.Array of shape (groups, units) or (groups, rows, cols)
        Who lives in each unit.
    """

    parted = True
    _unit_labels: tuple[Any, ...] | None
    _tiles: list[Tiles]  # once they are counted, for all environments

    @classmethod
    def checked(
        cls,
        chunks: Any,
        groups: tuple[Any, ...],
        geography: Geography | Grid,
        totals: Floats,
        *,
        labels: tuple[Any, ...] | None = None,
        stated: Any = None,
    ) -> Self:
        """Make a population of counts that have been looked at.

        Parameters
        ----------
        chunks : dask.array.Array
            Counts.
        groups : tuple
            Labels.
        geography : Geography or Grid
            Where the units lie.
        totals : ndarray of shape (groups,)
            What the counts add up to.
        labels : tuple, optional
            Tasks that give the labels of each partition of a table.
        stated : dask.array.Array, optional
            Stated number of people in each unit.

        Returns
        -------
        ChunkedPopulation
        """
        inhabited = checking.inhabited_groups(totals, groups, np.dtype(chunks.dtype))
        kept = np.flatnonzero(inhabited).tolist()
        if len(kept) < len(groups):
            chunks, groups, totals = chunks[kept], tuple(groups[i] for i in kept), totals[kept]
        pop: Self = unchecked(cls, counts=chunks, groups=groups, geography=geography, stated_total=stated)
        totals.flags.writeable = False
        pop.__dict__.update(group_totals=totals, _unit_labels=labels, _tiles=[])
        return pop

    def _derive(self, **changes: Any) -> Self:
        derived = super()._derive(**changes)
        derived.__dict__.update(_unit_labels=self._unit_labels, _tiles=[] if "counts" in changes else self._tiles)
        return derived

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return type(self).__name__, self.chunks.name, self.groups, repr(self.recipe)

    @property
    def chunks(self) -> Any:
        """Who lives in each unit: a Dask array, group axis first."""
        return self.__dict__["counts"]

    @property
    def counts(self) -> NDArray[Any]:
        """Refused: they are not held in memory."""
        size = self.chunks.nbytes / 1e9
        msg = (
            f"this needs all counts in one memory ({size:,.1f} GB), and they lie in {self.chunks.npartitions:,} chunks: "
            "pop.compute() brings them together where they fit. Part by part go pop.chunks, sgt.measure(pop, [...]), "
            "sgt.profile and each index alone"
        )
        raise CapabilityError(msg)

    @property
    def sizes(self) -> NDArray[np.float64]:
        """Refused, as `counts` are."""
        return self.counts

    @property
    def units(self) -> pd.Index[Any]:
        """Refused, as `counts` are."""
        return self.counts  # type: ignore[return-value]

    @property
    def in_rows(self) -> bool:
        """Whether those met can be asked for row by row."""
        return self.surroundings is not None

    def __len__(self) -> int:
        return int(np.prod(self.chunks.shape[1:]))

    def __repr__(self) -> str:
        return f"{super().__repr__()}; in {self.chunks.npartitions:,} chunks"

    def compute(self) -> Population:
        """Bring all chunks together into the memory of this process.

        Returns
        -------
        Population
            The same people, in the same environment.
        """
        dask = dask_here()

        counts, stated, labels = dask.compute(self.chunks, self.stated_total, self._unit_labels)
        geography = self.geography
        if labels is not None:
            geography = Geography(labels[0].append(list(labels[1:])))
        pop = Population(counts, self.groups, geography=geography, total=stated)
        return pop if self.recipe is None else pop.within(self.recipe)

    # ---------------------------------------------------------------- other populations

    def __getitem__(self, groups: Sequence[Hashable]) -> Self:
        rows, named = self._chosen(groups)
        return self._with(self.chunks[rows], named, self.group_totals[rows])

    def versus(self, group: Hashable, *, rest: Hashable = "rest") -> Self:
        """Return one group against everyone else, as two columns.

        Parameters
        ----------
        group : hashable
            The focal group.
        rest : hashable
            What everyone else is called.

        Returns
        -------
        ChunkedPopulation
        """
        dask = dask_here()

        i = self._focal(group, rest)
        focal = self.chunks[i].astype(np.float64)
        everyone = self.chunks.sum(axis=0, dtype=np.float64) if self.stated_total is None else self.stated_total
        others = dask.array.maximum(everyone - focal, 0)
        two = dask.array.concatenate([focal[np.newaxis], others[np.newaxis]]).rechunk({0: -1})
        of_rest = float(others.sum().compute())
        if not of_rest > 0:
            self._refuse_no_rest(group)
        return self._with(two, (group, rest), np.array([self.group_totals[i], of_rest]))

    def _with(self, chunks: Any, groups: tuple[Any, ...], totals: Floats) -> Self:
        other = self._derive(counts=chunks, groups=groups)
        totals.flags.writeable = False
        other.__dict__["group_totals"] = totals
        return other

    def within(self, environment: Environment) -> Self:
        """Return the same residents, who now meet the people of a local environment of a grid.

        Parameters
        ----------
        environment : Environment
            A `Radius`, `Square` or `NearestPeople`.

        Returns
        -------
        ChunkedPopulation
        """
        name = type(environment).__name__
        if not isinstance(self.geography, Grid):
            msg = f"units in chunks know no neighbours: bring them together first, pop.compute().within({name}(...))"
            raise CapabilityError(msg)
        near = super().within(environment)
        if not isinstance(near.surroundings, InParts):
            msg = (
                f"{name} needs the whole grid at once: pop.compute().within({name}(...)), where it fits into the memory"
            )
            raise CapabilityError(msg)
        return near

    # ---------------------------------------------------------------- part by part

    def over_parts(
        self,
        work: Callable[[Part], Result],
        *,
        among: Sequence[Surroundings] = (),
        everywhere: bool = False,
        labelled: bool = False,
        put_together: Callable[[list[Result]], Result] | None = None,
    ) -> list[Result]:
        """Work on every part, wherever Dask runs: on threads, on the cluster of an active client, or one after the other.

        Parameters
        ----------
        work : callable
            ``work(part)``; it may run on another machine, and again there if a worker is lost.
        among : sequence of InParts
            Surroundings, of one kind, of which a part holds as much as they need; those of the population without.
        everywhere : bool
            Whether it matters, too, whom those would meet who lived where nobody does.
        labelled : bool
            Whether parts of a table know the labels of their units.
        put_together : callable, optional
            Where results are large: makes one of several, on the workers.

        Returns
        -------
        list
            Results in the order of the parts, or the one that they were put together to.
        """
        parts, graph = self._tasks(work, among, everywhere=everywhere, labelled=labelled)
        keys, name = [key for _, key in parts], _name("folded")
        while put_together is not None and len(keys) > 1:
            folded = {(name, len(keys), i): (put_together, keys[i : i + FOLDED]) for i in range(0, len(keys), FOLDED)}
            graph, keys = graph | folded, list(folded)
        results: list[Result] = self._delayed(graph | {name: (list, keys)}, name).compute()
        return results

    def mapped(self, work: Callable[[Population], Any]) -> Any:
        """Work out values of the units, part by part.

        Parameters
        ----------
        work : callable
            ``work(part)``, of a part as a population of its own: values of its units, NaN where nobody lives.

        Returns
        -------
        dask.array.Array, or Series or DataFrame
            Of a grid lazily, in chunks, for ``dask.array.to_zarr``; of a table, as of one in memory.
        """
        if not isinstance(self.geography, Grid):
            return pd.concat(self.over_parts(partial(of_population, work), labelled=True))
        one = np.ones((len(self.groups), 1, 1))
        ahead = np.shape(work(Part(self._header(), one, one).population()))[:-2]
        parts, graph = self._tasks(partial(of_population, work), (), everywhere=False, labelled=False)
        found: dict[tuple[int, int], list[Any]] = {}
        for core, key in parts:
            found.setdefault((core[0], core[2]), []).append(key)
        rows, cols = self._edges
        name = _name("values")
        for i, first in enumerate(rows[:-1]):
            for j, begin in enumerate(cols[:-1]):
                graph[(name, *([0] * len(ahead)), i, j)] = (whoever_answers, found[first, begin])
        chunks = (*((size,) for size in ahead), *self.chunks.chunks[1:])
        return dask_here().array.Array(self._layered(graph, name), name, chunks, dtype=np.float64)

    @property
    def _edges(self) -> tuple[list[int], list[int]]:
        """Where chunks begin, and the end, along rows and columns."""
        rows, cols = (np.concatenate([[0], np.cumsum(sizes)]).tolist() for sizes in self.chunks.chunks[1:])
        return rows, cols

    def _header(self) -> Header:
        grid = self.geography if isinstance(self.geography, Grid) else None
        return Header(self.groups, self.group_totals, grid, self.surroundings)

    def _tasks(
        self, work: Callable[[Part], Any], among: Sequence[Any], *, everywhere: bool, labelled: bool
    ) -> tuple[list[tuple[Any, Any]], dict[Any, Any]]:
        """List the parts, where each lies and the key of the task that works on it; and the graph of the tasks."""
        name, pieces = _name("part"), _name("piece")
        graph: dict[Any, Any] = {(name, "work"): Shared(work, self._header(), everywhere)}
        blocks = self.chunks.__dask_keys__()
        parts: list[tuple[Any, Any]] = []
        if not isinstance(self.geography, Grid):
            labels = [part.key for part in self._unit_labels or ()] if labelled else []
            for j, block in enumerate(blocks[0]):
                graph[name, j] = (on_units, (name, "work"), block, labels[j] if labels else None)
                parts.append(((), (name, j)))
            return parts, graph
        rows, cols = self._edges
        for number, place in enumerate(self._places(among, everywhere=everywhere)):
            top, bottom, left, right = place.window
            window: list[list[Any]] = []
            for i, down in overlaps(rows, top, bottom):
                window.append([])
                for j, across in overlaps(cols, left, right):
                    key = blocks[0][i][j]
                    if (down, across) != (whole(rows, i), whole(cols, j)):
                        key = (pieces, number, i, j)
                        graph[key] = (piece_of, blocks[0][i][j], down, across)
                    window[-1].append(key)
            graph[name, number] = (partial(on_cells, place), (name, "work"), window)
            parts.append((place.core, (name, number)))
        return parts, graph

    def _layered(self, graph: dict[Any, Any], name: str) -> Any:
        """Lay tasks upon those that make the chunks."""
        from dask.highlevelgraph import HighLevelGraph

        return HighLevelGraph.from_collections(name, graph, dependencies=[self.chunks, *(self._unit_labels or ())])

    def _delayed(self, graph: dict[Any, Any], name: str) -> Any:
        from dask.delayed import Delayed

        return Delayed(name, self._layered(graph, name))  # type: ignore[no-untyped-call]

    def _places(self, among: Sequence[Any], *, everywhere: bool) -> Iterator[Place]:
        """Say where each part lies and how much it reads around it."""
        rows, cols = self._edges
        surroundings = among or ([] if self.surroundings is None else [self.surroundings])
        tiles = Tiles(np.ones((len(rows) - 1, len(cols) - 1)), np.array(rows), np.array(cols))
        if any(not one.linear for one in surroundings):
            tiles = self._counted_tiles()
        reach = np.zeros(tiles.people.shape, dtype=np.int64)
        for one in surroundings:
            np.maximum(reach, one.reaches(tiles), out=reach)
        if not everywhere:
            reach[tiles.people <= 0] = 0
        for first, last in pairwise(rows):
            for begin, end in pairwise(cols):
                yield from cut_up((first, last, begin, end), reach, tiles)

    def _counted_tiles(self) -> Tiles:
        """Count the people of every tile of the grid, once."""
        if not self._tiles:
            rows, cols = self._edges
            alone = self._derive(recipe=None, surroundings=None)
            counted, wide = alone.over_parts(people_of_tiles), len(cols) - 1
            lines = [np.concatenate(counted[i : i + wide], axis=1) for i in range(0, len(counted), wide)]
            self._tiles.append(Tiles(np.concatenate(lines), tile_edges(rows), tile_edges(cols)))
        return self._tiles[0]


def _name(what: str) -> str:
    """Name tasks as no others are named."""
    return f"{what}-{uuid4().hex}"
