"""Which property holds for which index: the tests prove it, and the pages of the reference state it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from segregation_tools.indices.index import stocked

if TYPE_CHECKING:
    from segregation_tools.indices.index import Index

ALL = [index for index in stocked().values() if not index.reads_map]
ON_MAPS = [index for index in stocked().values() if index.reads_map]
VALUES = [index for index in ALL if index.answer != "units"]
UNITS = [index for index in ALL if index.answer == "units"]
EVENNESS = [index for index in ALL if index.dimension == "evenness"]
ORDINAL = [index for index in ALL if index.dimension == "ordinal"]
LOCAL = [index for index in VALUES if not index.local_refusal]
DECOMPOSABLE = [index for index in ALL if index.decomposable]

# What an index lacks; each has its counterexample in test_counterexamples.py.
DIRECTED = {
    "interaction",
    "atkinson",
    "gorard",
    "concentration_profile",
}  # the first of two groups is another question than the second
ORDERED = {index.__name__ for index in ORDINAL} - {"neighborhood_sorting_index"}  # the order of groups matters
FITTED = {"rank_order_information", "rank_order_variance", "rank_order_squareroot"}  # through a polynomial
NOT_ONE = {"gorard", "mutual_information", "divergence"}  # under complete separation
NOT_A_MEAN = {"entropy_diversity", "simpson_diversity"}  # of its local values
OF_A_GROUP = {"interaction"}  # the mean of its local values over the first group
NOT_ZONED = {"min_max"}  # zones as environment differ from merged units
NOT_ADDED = {"dissimilarity", "gini", "squared_coefficient_of_variation", "normalized_exposure"}  # over tiers


def without(indices: list[Index], *lacking: set[str]) -> list[Index]:
    """Leave out those that lack a property."""
    return [index for index in indices if not any(index.__name__ in names for names in lacking)]


@dataclass(frozen=True)
class Property:
    """What the theory says of an index.

    Attributes
    ----------
    says : str
        In words, for the pages.
    indices : list of Index
        Of which it is proved.
    lacking : dict of str to str
        Names of those that lack it, and what is true of them instead; each has a counterexample.
    """

    says: str
    indices: list[Index]
    lacking: dict[str, str] = field(default_factory=dict)


PROPERTIES = {
    "transfers": Property(
        "Principle of transfers: when two people of two groups change places, each to where the own group is scarcer, it "
        "does not rise.",
        EVENNESS,
    ),
    "organisational equivalence": Property(
        "Organisational equivalence: dividing a unit into parts of the same mix changes nothing.", VALUES
    ),
    "size": Property("Size invariance: multiplying all counts by the same number changes nothing.", VALUES + ON_MAPS),
    "merging": Property(
        "Merging units never raises it.",
        without(EVENNESS + ORDINAL, FITTED),
        dict.fromkeys(FITTED, "Merging units may raise it, since a polynomial is fitted."),
    ),
    "even": Property("An even spread is 0.", EVENNESS + ORDINAL),
    "separation": Property(
        "Complete separation is 1.",
        without(EVENNESS + ORDINAL, NOT_ONE),
        {
            "gorard": "Complete separation is not 1 but the share of the second group.",
            "mutual_information": "Complete separation is not 1 but the entropy of the region.",
            "divergence": "Complete separation is not 1 but the entropy of the region.",
        },
    ),
    "bounds": Property(
        "It stays within its bounds where there is no local environment.",
        [*without(VALUES, FITTED), *UNITS],
        dict.fromkeys(FITTED, "It may fall below 0, since a polynomial is fitted."),
    ),
    "names": Property(
        "The order of the groups does not matter.",
        without(VALUES, DIRECTED, {index.__name__ for index in ORDINAL}),
        dict.fromkeys(DIRECTED, "The first of two groups is another question than the second.")
        | dict.fromkeys(ORDERED, "The order of the groups matters."),
    ),
    "reversal": Property(
        "From high to low is the same as from low to high.", [index for index in ORDINAL if index.__name__ in ORDERED]
    ),
    "rows": Property("The order of the units does not matter.", VALUES + UNITS + ON_MAPS),
    "empty": Property("A unit without residents changes nothing.", VALUES),
    "length": Property("Metres, kilometres or feet: the unit of length does not matter.", ON_MAPS),
    "tiers": Property(
        "Between places and within them add up to the whole.",
        DECOMPOSABLE,
        dict.fromkeys(NOT_ADDED, "Between places and within them do not add up to the whole."),
    ),
    "local": Property(
        "The mean of its local values over residents is the value.",
        [index for index in without(LOCAL, NOT_A_MEAN, OF_A_GROUP) if index.answer == "number"],
        dict.fromkeys(NOT_A_MEAN, "The mean of its local values is lower than the value of the region."),
    ),
    "local to a group": Property(
        "The mean of its local values over members of the first group is the value.",
        [index for index in LOCAL if index.__name__ in OF_A_GROUP],
    ),
    "zones": Property(
        "Zones in which people meet give the value of merged units: a school plan is an environment.",
        without(VALUES, NOT_ZONED),
        dict.fromkeys(NOT_ZONED, "Zones in which people meet do not give the value of merged units."),
    ),
    "parts": Property("Sums over parts of a region merge to the value of the whole.", VALUES),
}
