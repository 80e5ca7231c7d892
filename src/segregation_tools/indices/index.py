"""What every index is and can do, and the shelf on which all of them stand.

An index is *sums + finish*: sums over cache-sized blocks of units can be taken in parts and added, and finishing turns
them into the value. Its shape (`shapes.py`) says what is summed.
"""

from __future__ import annotations

import importlib
import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, update_wrapper
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from segregation_tools.errors import CapabilityError, DataError, GroupError, UndefinedWarning, listed, warn
from segregation_tools.indices.blocks import added_up
from segregation_tools.indices.references import Reference, references
from segregation_tools.population.population import as_population

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from segregation_tools.indices.blocks import Compiled, Summand
    from segregation_tools.indices.zonal import ZonalForm
    from segregation_tools.population.chunked.population import ChunkedPopulation
    from segregation_tools.population.population import Population

    LocalValues = Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]  # residents and values of a block

__all__ = ["SHELF", "About", "Index", "Sums", "on_the_shelf", "shelf", "stocked"]

SHELF: dict[str, Index] = {}


@dataclass(frozen=True, eq=False)
class Sums:
    """Mergeable sums of an index over a part of a region.

    Attributes
    ----------
    region : ndarray of shape (groups,)
        Totals of the groups in the whole region, against which the part was measured.
    added : ndarray
        What was added up; its meaning is the index's own.
    index : str
        Whose sums these are.
    options : mapping
        With which options.
    people : float
        People of the part.
    """

    region: NDArray[np.float64]
    added: NDArray[np.float64]
    index: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    people: float = np.nan


@dataclass(frozen=True)
class About:
    """What is known of an index beside its formula.

    Attributes
    ----------
    symbol, dimension : str
        As the literature writes them.
    bounds : tuple of float
        Smallest and largest value without a local environment.
    source : str or sequence of str
        Keys of ``references.toml``, or sources in words.
    groups : int or None
        How many groups it compares; None for two or more.
    answer : {"number", "groups", "matrix", "units"}, or callable
        Shape of the answer; where an option decides, ``answer(options)``.
    within : callable or None
        Weight of a place, ``within(place totals, region totals)``, where tiers add up.
    expected : callable or None
        Value by chance in closed form, ``expected(sizes, mix)``.
    contribution : callable or None
        What a unit adds to the mean, ``contribution(p, mix)``, never negative, where its score may be.
    contact : callable or None
        What contact with a share p of the first of two groups counts for, ``contact(p, P)``, where the index is the
        difference between the means of the two groups (Fossett 2017).
    zonal : callable or None
        What zones add to it, ``zonal(mix)`` → `ZonalForm`, so that plans can be changed unit by unit; of one of its values,
        ``zonal(mix, group)`` or ``zonal(mix, group, met)``, by position. Holds for options as they are without being told.
    compiled : tuple of str and callable, or None
        From which total of the compiled pass over a grid the sum of its scores comes, and how,
        ``finish(total, mix, people)``.
    finish : callable or None
        Turns the mean of scores into the value, ``finish(mean, mix, **options)``.
    needs : tuple of str
        Options without which it has no value.
    of_everyone : bool
        Whether shares are of the stated total, where there is one.
    """

    symbol: str
    dimension: str
    bounds: tuple[float, float]
    source: str | Sequence[str]
    groups: int | None = None
    answer: str | Callable[[Mapping[str, Any]], str] = "number"
    within: Callable[..., float] | None = None
    expected: Callable[..., Any] | None = None
    contribution: Callable[..., Any] | None = None
    contact: Callable[..., Any] | None = None
    zonal: Callable[..., ZonalForm] | None = None
    compiled: tuple[Compiled, Callable[..., Any]] | None = None
    finish: Callable[..., Any] | None = None
    needs: tuple[str, ...] = ()
    of_everyone: bool = False


class Index(ABC):
    """A measure of segregation: called with a population, it gives the value; a generic verb takes it as an argument.

    Attributes
    ----------
    symbol : str
        As the literature writes it.
    dimension : str
        Evenness, exposure, diversity …
    bounds : tuple of float
        Smallest and largest value without a local environment.
    groups : int or None
        How many groups it compares; None for two or more.
    source : str
        Where the formula comes from.
    within : callable or None
        What a place weighs, ``within(place totals, region totals)``, so that segregation between places and within
        them adds up to the whole; None where it does not.
    options : dict
        Options bound by `bind`.
    reads_map : bool
        Whether it reads areas, distances or borders.
    counts_people : bool
        Whether its value depends on how many people there are, and not on their shares alone.
    """

    __name__: str
    __doc__: str
    reads_map = False
    counts_people = False

    def __init__(self, formula: Callable[..., Any], about: About, options: Mapping[str, Any] | None = None) -> None:
        update_wrapper(self, formula)
        self.formula = formula
        self.about = about
        self.symbol = about.symbol
        self.dimension = about.dimension
        self.bounds = about.bounds
        self.groups = about.groups
        self.options = dict(options or {})
        self.note = ""

    # ---------------------------------------------------------------- what it is

    @property
    def source(self) -> str:
        """Authors and years, shortest form."""
        return "; ".join(reference.short for reference in self.references)

    @property
    def references(self) -> list[Reference]:
        """Sources of the formula."""
        named = [self.about.source] if isinstance(self.about.source, str) else self.about.source
        return [references().get(name, Reference.in_words(name)) for name in named]

    @property
    def within(self) -> Callable[..., float] | None:
        """Weight of a place when tiers are added up; None where they do not add up."""
        return self.about.within

    @property
    def decomposable(self) -> bool:
        """Whether segregation between places and within them adds up to the whole."""
        return self.about.within is not None

    @property
    def local_refusal(self) -> str:
        """Why there are no local values; empty where there are."""
        return ""

    def missing(self, pop: Population) -> str:
        """Say what a population lacks for this index to be measured; nothing where it lacks nothing.

        Parameters
        ----------
        pop : Population
            What would be measured.

        Returns
        -------
        str
        """
        return ""

    def citation(self) -> str:
        """Full references of the formula, one a line.

        Returns
        -------
        str
        """
        return "\n".join(reference.full for reference in self.references)

    @property
    def defaults(self) -> dict[str, Any]:
        """Options it takes, with their values."""
        return self._defaults | self.options

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        parameters = inspect.signature(self.formula).parameters.items()
        return {name: p.default for name, p in parameters if p.kind is p.KEYWORD_ONLY} | self._shape_options()

    @cached_property
    def reads(self) -> frozenset[str]:
        """Names of what the formula reads."""
        return frozenset(inspect.signature(self.formula).parameters)

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter
        return inspect.Signature(
            [kind("data", kind.POSITIONAL_ONLY), kind("groups", kind.KEYWORD_ONLY, default=None)]
            + [kind(name, kind.KEYWORD_ONLY, default=value) for name, value in self.defaults.items()]
        )

    def __repr__(self) -> str:
        bound = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        note = f"; {self.note}" if self.note else ""
        return f"<index {self.__name__}{f'({bound})' if bound else ''}: {self.symbol}, {self.dimension}{note}>"

    def noted(self, note: str) -> Index:
        """Return the index with a remark that its ``repr`` shows.

        Parameters
        ----------
        note : str
            What should be known about it.

        Returns
        -------
        Index
        """
        noted = self.bind()
        noted.note = note
        return noted

    def __reduce__(self) -> tuple[Any, ...]:
        return _found, (self.__module__, self.__name__, self.options, self.note)

    def bind(self, **options: Any) -> Index:
        """Return the index with options fixed: an index again, which every generic verb takes.

        Parameters
        ----------
        **options
            As in a call.

        Returns
        -------
        Index
        """
        self._known(options)
        bound = type(self)(self.formula, self.about, self.options | options)
        bound.note = self.note
        return bound

    # ---------------------------------------------------------------- what it answers

    def __call__(
        self, data: Population | pd.DataFrame, /, *, groups: Sequence[Hashable] | None = None, **options: Any
    ) -> Any:
        """Value of the index.

        Parameters
        ----------
        data : Population, GeoDataFrame or DataFrame
            A frame needs `groups`.
        groups : sequence, optional
            Columns of counts.
        **options
            Options of this index.

        Returns
        -------
        float, Series by group, or DataFrame from group × to group
        """
        options = self._known(options)
        pop = self._admitted(data, groups)
        if pop.parted and self._answer(options) == "units":
            return self._each(pop, options)
        return self._labelled(self._value(pop, options), pop, options)

    def local(
        self, data: Population | pd.DataFrame, /, *, groups: Sequence[Hashable] | None = None, **options: Any
    ) -> Any:
        """Value of each unit: of an index of evenness or order, its mean over residents is the value of the index.

        Of exposure and isolation, the shares met, whose mean over the members of a group is its value; of diversity, that
        of each unit, whose mean is lower than that of the region.

        Parameters
        ----------
        data : Population, GeoDataFrame or DataFrame
            A frame needs `groups`.
        groups : sequence, optional
            Columns of counts.
        **options
            Options of this index.

        Returns
        -------
        Series on the unit index (of a grid: an array of its shape), DataFrame units × groups where there is one for
        each group
            NaN where nobody lives.

        Raises
        ------
        CapabilityError
            If the index has no local values.
        """
        options = self._known(options)
        pop = self._admitted(data, groups)
        return self._each(pop, options)

    def _each(self, pop: Population, options: dict[str, Any]) -> Any:
        """Values of the units, with their labels."""
        if pop.parted:
            if self.about.of_everyone and pop.stated_total is not None:
                msg = f"{self.__name__} compares with everyone, of no group too: sgt.{self.__name__}(pop.compute())"
                raise CapabilityError(msg)
            return cast("ChunkedPopulation", pop).mapped(partial(self._each, options=options))
        if self._undefined(pop):
            return per_unit(np.full(len(pop), np.nan), pop, self.__name__)
        return per_unit(gathered(self._local(pop, options)), pop, self.__name__)

    def partial(
        self,
        data: Population | pd.DataFrame,
        /,
        *,
        groups: Sequence[Hashable] | None = None,
        region: NDArray[Any] | pd.Series[float] | None = None,
        **options: Any,
    ) -> Sums:
        """Sum over a part of a region, to be merged by `combine`.

        Parameters
        ----------
        data : Population, GeoDataFrame or DataFrame
            The part.
        groups : sequence, optional
            Columns of counts, if `data` is a frame.
        region : array_like of shape (groups,), optional
            Totals of the groups in the whole region; those of the part without.
        **options
            Options of this index.

        Returns
        -------
        Sums
        """
        options = self._known(options)
        pop = as_population(data, groups)
        totals = pop.group_totals
        if region is not None:
            pop, totals = self._part(pop, region)
        self._check_groups(pop)
        people = float(pop.group_totals.sum())
        return replace(self._sums(pop, totals, options), index=self.__name__, options=options, people=people)

    def _part(self, pop: Population, region: NDArray[Any] | pd.Series[float]) -> tuple[Population, NDArray[np.float64]]:
        """Match a part with the region; groups that are absent from the part have nobody there."""
        if isinstance(region, pd.Series):
            strangers = [group for group in pop.groups if group not in region.index]
            if strangers or not region.index.is_unique:
                msg = f"region must hold one total for each group; without {listed(strangers)}: {listed(region.index)}"
                raise DataError(msg)
            pop = pop.with_groups(list(region.index))
        totals = np.asarray(region, dtype=np.float64)
        if totals.shape != (len(pop.groups),):
            msg = f"region must hold one total for each of {listed(pop.groups)}: a Series by group fits any part"
            raise DataError(msg)
        if not (np.isfinite(totals).all() and (totals >= pop.group_totals * (1 - 1e-9)).all()):
            msg = f"region holds {totals.tolist()}, fewer than live in the part: {pop.group_totals.tolist()}"
            raise DataError(msg)
        return pop, totals

    def combine(self, parts: Iterable[Sums], **options: Any) -> Any:
        """Value of the index over the parts of a region.

        Parameters
        ----------
        parts : iterable of Sums
            From `partial`, all with the same `region`.
        **options
            Options of this index.

        Returns
        -------
        float or ndarray
        """
        options = self._known(options)
        every = list(parts)
        if not every:
            msg = "no parts to combine"
            raise DataError(msg)
        region = every[0].region
        if any(part.index != self.__name__ or part.options != options for part in every):
            msg = f"these are parts of {listed(dict.fromkeys(part.index for part in every))} or of other options"
            raise DataError(msg)
        if any(not np.array_equal(part.region, region) for part in every[1:]):
            msg = "the parts were measured against different regions: pass region= (totals of the whole) to partial"
            raise DataError(msg)
        people, everyone = sum(part.people for part in every), region.sum()
        if abs(people - everyone) > 1e-6 * everyone:
            msg = f"the parts hold {people:,.0f} of the region's {everyone:,.0f} people: a part is missing or doubled"
            raise DataError(msg)
        return self._finish(Sums(region, self._merged([part.added for part in every])), options)

    def expected(
        self, data: Population | pd.DataFrame, /, *, groups: Sequence[Hashable] | None = None, **options: Any
    ) -> Any:
        """Value to be expected if people were allotted to units by chance alone, unit sizes fixed.

        Parameters
        ----------
        data : Population, GeoDataFrame or DataFrame
            A frame needs `groups`.
        groups : sequence, optional
            Columns of counts.
        **options
            Options of this index.

        Returns
        -------
        float, Series or DataFrame, or None
            In closed form; None where there is none, or where a local environment is in the way.
        """
        unusual = self._known(options) != self._defaults
        pop = self._admitted(data, groups)
        if self.about.expected is None or pop.surroundings is not None or unusual:
            return None
        if self._undefined(pop):
            return np.nan
        sizes = pop.sizes.reshape(-1)
        expected = self.about.expected(sizes[sizes > 0], pop.mix.to_numpy())
        return self._labelled(np.asarray(expected), pop, self.defaults)

    # ---------------------------------------------------------------- the shapes fill these in

    def _shape_options(self) -> dict[str, Any]:
        return {}

    def _value(self, pop: Population, options: dict[str, Any]) -> Any:
        return self._finish(self._sums(pop, pop.group_totals, options), options)

    def _summand(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Summand | None:
        """Say what it adds up over the units; None where that is not all it needs."""
        return None

    def _added(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums | None:
        """Add up its summand, where it has one."""
        summand = self._summand(pop, totals, options)
        return None if summand is None else Sums(totals, added_up([pop], [summand], totals / totals.sum())[0][0])

    def summand_of(self, pop: Population) -> Summand | None:
        """Say what the index adds up over the units of a population, so that several can be added up together.

        Parameters
        ----------
        pop : Population
            What would be measured.

        Returns
        -------
        Summand or None
            None where it is not read from one sum over the units: it is called alone then.
        """
        self._check_groups(pop)
        return None if self._undefined(pop) else self._summand(pop, pop.group_totals, self.defaults)

    def finished(self, pop: Population, added: NDArray[np.float64]) -> Any:
        """Value of the index, from what its summand adds up to.

        Parameters
        ----------
        pop : Population
            What was measured.
        added : ndarray
            The sum.

        Returns
        -------
        float, Series or DataFrame
            As a call gives it.
        """
        value = self._finish(Sums(pop.group_totals, added), self.defaults)
        return self._labelled(value, pop, self.defaults)

    @abstractmethod
    def _sums(self, pop: Population, totals: NDArray[np.float64], options: dict[str, Any]) -> Sums:
        """Sum over a population, measured against the totals of the region."""

    def _merged(self, values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        total = values[0]
        for part in values[1:]:
            total = total + part
        return total

    @abstractmethod
    def _finish(self, sums: Sums, options: dict[str, Any]) -> Any:
        """Turn sums into the value."""

    def _local(self, pop: Population, options: dict[str, Any]) -> LocalValues:
        """Yield residents and values, block by block."""
        msg = f"{self.__name__} has no local values: {self.local_refusal}"
        raise CapabilityError(msg)

    # ---------------------------------------------------------------- doors

    def _known(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options with their values; one that is not known fails."""
        unknown = [name for name in given if name not in self.defaults]
        if unknown:
            choices = listed(self.defaults) or "none"
            msg = f"{self.__name__} has no option {listed(unknown)}; its options are: {choices}"
            raise TypeError(msg)
        return self.defaults | dict(given)

    def _check_groups(self, pop: Population) -> None:
        if self.groups is not None and len(pop.groups) > self.groups:
            first = pop.groups[:2]
            msg = (
                f"{self.__name__} compares two groups; this population has {len(pop.groups)} ({listed(pop.groups)}). "
                f"Choose two, pop[[{first[0]!r}, {first[1]!r}]], or one against the rest, pop.versus({first[0]!r})"
            )
            raise GroupError(msg)

    def _admitted(self, data: Population | pd.DataFrame, groups: Sequence[Hashable] | None) -> Population:
        pop = as_population(data, groups)
        self._check_groups(pop)
        if pop.parted and self.reads_map:
            msg = (
                f"{self.__name__} reads the whole map at once, and this population lies in chunks: "
                f"sgt.{self.__name__}(pop.compute(), ...), where it fits into the memory"
            )
            raise CapabilityError(msg)
        if self._undefined(pop):
            reason = f"only one group, {pop.groups[0]!r}, has people, and there is none to compare it with"
            warn(f"{self.__name__} is undefined (NaN): {reason}", UndefinedWarning)
        return pop

    def _undefined(self, pop: Population) -> bool:
        return len(pop.groups) < 2 and self._compares

    @property
    def _compares(self) -> bool:
        """Whether it says something of groups beside each other, and nothing of one alone."""
        of_pairs = self.answer == "matrix" and "mix" in self.reads
        return self.dimension in ("evenness", "ordinal") or self.groups == 2 or of_pairs

    def _labelled(self, value: Any, pop: Population, options: Mapping[str, Any]) -> Any:
        """Give the answer the labels of its shape: number, groups or matrix."""
        answer = self._answer(options)
        if answer == "groups":
            return pd.Series(value, index=pop.group_index(), name=self.__name__)
        if answer == "matrix":
            return pd.DataFrame(value, index=pop.group_index("from"), columns=pop.group_index("to"))
        return float(value)

    @property
    def answer(self) -> str:
        """Shape of the answer: number, groups, matrix or units."""
        return self._answer(self.defaults)

    def _answer(self, options: Mapping[str, Any]) -> str:
        return self.about.answer if isinstance(self.about.answer, str) else self.about.answer(options)


def on_the_shelf(kind: type[Index]) -> Callable[..., Callable[[Callable[..., Any]], Index]]:
    """Make the decorator that turns a formula into an index of one shape and puts it on the shelf.

    Parameters
    ----------
    kind : type
        The shape.

    Returns
    -------
    callable
        ``decorator(**about)``, as in `About`.
    """

    def describe(**about: Any) -> Callable[[Callable[..., Any]], Index]:
        def shelve(formula: Callable[..., Any]) -> Index:
            index = kind(formula, About(**about))
            SHELF[index.__name__] = index
            return index

        return shelve

    return describe


def gathered(parts: LocalValues) -> NDArray[np.float64]:
    """Join local values of blocks; NaN where nobody lives."""
    return np.concatenate([np.where(residents > 0, values, np.nan) for residents, values in parts], axis=-1)


def per_unit(values: NDArray[np.float64], pop: Population, name: str) -> Any:
    """Label values of units, shape (units,) or (groups, units)."""
    if pop.counts.ndim > 2:
        return values.reshape(*values.shape[:-1], *pop.counts.shape[1:])
    if values.ndim == 1:
        return pd.Series(values, index=pop.units, name=name)
    return pd.DataFrame(values.T, index=pop.units, columns=pop.group_index())


ROOMS = (
    "evenness",
    "exposure",
    "diversity",
    "concentration",
    "centralization",
    "clustering",
    "ordinal",
    "local",
    "borders",
    "multiscalar",
    "transport",
)  # files of indices; where one bears the name of a dimension, its place on the shelf. Users' own dimensions come last


def stocked() -> dict[str, Index]:
    """Every index by name, those of the library and those that users added, dimension by dimension."""
    for room in ROOMS:
        importlib.import_module(f"segregation_tools.indices.{room}")
    place = {room: i for i, room in enumerate(ROOMS)}
    return dict(sorted(SHELF.items(), key=lambda item: place.get(item[1].dimension, len(place))))


def shelf() -> pd.DataFrame:
    """List the indices that there are.

    Returns
    -------
    DataFrame
        One row an index: `symbol`, `dimension`, `groups` ("two" or "two or more"), `local` (whether `.local` answers),
        `bounds` without a local environment, `source`.

    Examples
    --------
    >>> shelf().loc["dissimilarity", ["symbol", "groups"]].tolist()
    ['D', 'two or more']
    """
    return pd.DataFrame(
        {
            name: {
                "symbol": index.symbol,
                "dimension": index.dimension,
                "groups": "two" if index.groups == 2 else "two or more",
                "local": not index.local_refusal,
                "bounds": index.bounds,
                "source": index.source,
            }
            for name, index in stocked().items()
        }
    ).T.rename_axis("index")


def _found(module: str, name: str, options: dict[str, Any], note: str = "") -> Index:
    index: Index = getattr(importlib.import_module(module), name)
    index = index.bind(**options) if options else index
    return index.noted(note) if note else index
