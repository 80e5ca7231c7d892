"""Rates that may differ by group, by school or by block: one reader, which matches every label and refuses strangers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from segregation_tools.errors import DataError, OptionError, listed
from segregation_tools.population.columns import check_one_row, columns_in_order, numbers_of
from segregation_tools.population.options import real_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from segregation_tools.population.population import Population

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]

__all__ = ["Pupils"]


@dataclass(frozen=True, eq=False)
class Pupils:
    """By what the pupils of a group and a block can be told apart.

    Attributes
    ----------
    labels : mapping of str to pandas.Index
        "groups", "blocks", and "schools" where a school is known.
    codes : mapping of str to ndarray of int, broadcast to (groups, blocks)
        Which of these labels the pupils of a group and a block have.
    """

    labels: dict[str, pd.Index[Any]]
    codes: dict[str, Codes]

    @classmethod
    def of(cls, pupils: Population, schools: pd.Index[Any] | None = None, zone: Codes | None = None) -> Pupils:
        """Tell pupils apart by group and block, and by the school of their block.

        Parameters
        ----------
        pupils : Population
            By group and block.
        schools : pandas.Index, optional
            Labels of the schools.
        zone : ndarray of int, shape (blocks,), optional
            Position of the school of each block.

        Returns
        -------
        Pupils
        """
        labels: dict[str, pd.Index[Any]] = {"groups": pupils.group_index()}
        codes = {"groups": np.arange(len(pupils.groups))[:, np.newaxis]}
        if schools is not None and zone is not None:
            labels["schools"], codes["schools"] = schools, zone[np.newaxis]
        labels["blocks"], codes["blocks"] = pupils.units, np.arange(len(pupils.units))[np.newaxis]
        return cls(labels, codes)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of groups and of blocks."""
        groups, blocks = np.broadcast_shapes(*(codes.shape for codes in self.codes.values()))
        return groups, blocks

    def matched(self, index: pd.Index[Any], name: str, *, without: str = "") -> tuple[Codes, Codes]:
        """Find by what the rows of a table are labelled.

        Parameters
        ----------
        index : pandas.Index
            Labels of the rows.
        name : str
            Of the argument, for refusals.
        without : str
            What rows cannot be labelled by.

        Returns
        -------
        order : ndarray of int
            Row of each label.
        codes : ndarray of int, broadcast to (groups, blocks)
            Which of the labels the pupils of a group and a block have.

        Raises
        ------
        DataError
            If labels are repeated, absent, unknown, or could be of two kinds.
        """
        check_one_row(index, name)
        kinds = {kind: labels for kind, labels in self.labels.items() if kind != without}
        fits = [kind for kind, labels in kinds.items() if len(labels) == len(index) and labels.isin(index).all()]
        if len(fits) != 1:
            raise DataError(_misfit(index, name, kinds, fits))
        return index.get_indexer(self.labels[fits[0]]), self.codes[fits[0]]

    def rates(
        self,
        given: Any,
        name: str,
        what: str,
        *,
        least: float = 0.0,
        most: float = 1.0,
        above: bool = False,
        below: bool = False,
    ) -> Floats:
        """Read a rate for the pupils of each group and block.

        Parameters
        ----------
        given : float, Series or DataFrame
            One for all; a Series (or mapping) by group, school or block; a DataFrame of schools × groups or blocks × groups.
        name : str
            Of the argument, for refusals.
        what : str
            What the number says, for refusals.
        least, most : float
            Its range.
        above, below : bool
            Whether `least` itself is refused, and `most`.

        Returns
        -------
        ndarray of shape (groups, blocks)

        Raises
        ------
        DataError, OptionError
            If labels do not match, or numbers are missing or out of their range.
        """
        if isinstance(given, pd.DataFrame):
            table = columns_in_order(given, self.labels["groups"], name, "groups")
            order, codes = self.matched(table.index, name, without="groups")
            values = numbers_of(table, name, what, least, most, above=above, below=below)
            return values[order][codes, self.codes["groups"]]
        if isinstance(given, (pd.Series, Mapping)):
            column = pd.Series(given)
            order, codes = self.matched(column.index, name)
            values = numbers_of(column.to_frame(name), name, what, least, most, above=above, below=below)[:, 0]
            return np.broadcast_to(values[order][codes], self.shape)
        number = real_number(given, name, least, what, above=above)
        if number > most or (below and number == most):
            msg = f"{name} must be {what}, {'below' if below else 'at most'} {most:g}, not {given!r}"
            raise OptionError(msg)
        return np.full(self.shape, number)


def _misfit(index: pd.Index[Any], name: str, kinds: dict[str, pd.Index[Any]], fits: list[str]) -> str:
    if fits:
        return f"rows of {name} could be {' or '.join(fits)}, which are labelled alike: give each labels of its own"
    nearest = max(kinds, key=lambda kind: int(index.isin(kinds[kind]).sum()))
    absent, strangers = kinds[nearest][~kinds[nearest].isin(index)], index[~index.isin(kinds[nearest])]
    if len(strangers) == len(index):
        known = "; ".join(f"{kind} are {listed(labels)}" for kind, labels in kinds.items())
        return f"{name} is labelled {listed(index)}, which are neither {' nor '.join(kinds)}: {known}"
    found = [f"absent are {listed(absent)}"] if len(absent) else []
    found += [f"not known are {listed(strangers)}"] if len(strangers) else []
    return f"{name} must have one row for each of the {nearest}: {', '.join(found)}"
