"""What is refused: what does not fit, by name; and rounds in which not everyone can be housed, with the conflict."""

import numpy as np
import pandas as pd
import pytest

import segregation_tools as sgt


def refused(match, group=("a", "a", "b"), homes=None, likes=None, **told):
    group = pd.Series(group, index=["P", "Q", "R"][: len(group)]) if isinstance(group, (tuple, list)) else group
    homes = pd.Series({"x": 2, "y": 2}) if homes is None else homes
    likes = pd.DataFrame({"x": [1.0, 2, 3], "y": [3.0, 2, 1]}, index=["P", "Q", "R"]) if likes is None else likes
    with pytest.raises(sgt.SegregationError, match=match):
        sgt.allocate(group, homes, preferences=likes, **told)


LIKES = pd.DataFrame({"x": [1.0, 2, 3], "y": [3.0, 2, 1]}, index=["P", "Q", "R"])


@pytest.mark.parametrize(
    ("match", "told"),
    [
        (r"no group in rows 'Q'", {"group": ("a", None, "b")}),
        (r"one column 'group'; it has 'race'", {"group": pd.DataFrame({"race": ["a"] * 3}, index=LIKES.index)}),
        (r"households must be a DataFrame", {"group": {"P": "a"}}),
        (r"nobody applies", {"group": pd.Series([], dtype=object)}),
        (r"households has several rows for 'P'", {"group": pd.Series("a", index=["P", "P", "R"])}),
        (r"homes must be a Series", {"homes": [2, 2]}),
        (r"one column 'homes'", {"homes": pd.DataFrame({"flats": [2, 2]}, index=["x", "y"])}),
        (r"there are no blocks", {"homes": pd.Series([], dtype=float)}),
        (r"whole numbers of homes; those of 'y'", {"homes": pd.Series({"x": 2, "y": 2.5})}),
        (r"homes must be a number of homes, from 0.*it is -1.* for 'y'", {"homes": pd.Series({"x": 2, "y": -1})}),
        (r"homes must be a number of homes.*nan for 'y'", {"homes": pd.Series({"x": 2, "y": np.nan})}),
        (r"homes has several rows for 'x'", {"homes": pd.Series([1, 1], index=["x", "x"])}),
        (r"households × blocks, not", {"likes": LIKES["x"]}),
        (r"one column for each of the blocks of homes: absent are 'y'", {"likes": LIKES[["x"]]}),
        (r"not known, or repeated, are 'z'", {"likes": LIKES.assign(z=1)}),
        (r"absent are 'Q'", {"likes": LIKES.drop("Q")}),
        (r"not known are 'S'", {"likes": LIKES.reindex([*LIKES.index, "S"])}),
        (r"preferences has several rows for 'P'", {"likes": LIKES.iloc[[0, 0, 1, 2]]}),
        (r"finite and 0 or more.*'Q' for 'x' is -2", {"likes": LIKES * np.array([[1, 1], [-1, 1], [1, 1]])}),
        (r"'P' for 'y' is inf", {"likes": LIKES.replace(3.0, np.inf)}),
        (r"too large to be added up", {"likes": LIKES / 3 * 1e308}),
        (r"Series by group, or a DataFrame", {"quotas": 0.5}),
        (r"'b' is absent", {"quotas": {"a": 0.5}}),
        (r"0 to 1; it is 87 for 'a'.*quotas_in='homes'", {"quotas": {"a": 87, "b": 25}}),
        (r"quotas must be shares.*-0.1 for 'x', 'b'", {"quotas": {"a": 1, "b": -0.1}}),
        (r"quotas must be whole numbers of homes", {"quotas": {"a": 1.5, "b": 1}, "quotas_in": "homes"}),
        (r"absent are 'y'", {"quotas": pd.DataFrame({"a": [1.0], "b": [1.0]}, index=["x"])}),
        (r"not known are 'z'", {"quotas": pd.DataFrame({"a": 1.0, "b": 1.0}, index=["x", "y", "z"])}),
        (r"quotas has several rows for 'a'", {"quotas": pd.Series([1, 1, 1], index=["a", "a", "b"])}),
        (r"quotas_in must be one of", {"quotas_in": "percent"}),
        (r"unplaced must be one of", {"unplaced": "maybe"}),
        (r"chance needs a source", {"rng": "today"}),
        (r"there are 2 homes for 3 households: 1 too few", {"homes": pd.Series({"x": 1, "y": 1})}),
        (
            r"1 household accepts no block.*'R'",
            {"likes": LIKES.drop("R").reindex(LIKES.index)},
        ),
    ],
)
def test_what_does_not_fit_is_named(match, told):
    refused(match, **told)


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(TypeError):
        sgt.allocate(pd.Series(["a"]), {"x": 1}, preferences=pd.DataFrame({"x": [1]}), quota={"a": 1})


def test_quotas_that_leave_too_few_homes_are_named():
    group = pd.Series(["a"] * 12 + ["b"] * 3)
    likes = pd.DataFrame({"x": 1.0, "y": 2.0, "z": np.where(group == "b", 1.0, np.nan)}, index=group.index)
    refused(
        r"2 households cannot be housed. 12 households accept no blocks but 'x', 'y' \(12 of group 'a'\), where "
        r"quotas leave 10 homes \(5 for 'a' in 'x', 5 for 'a' in 'y'\): 2 too few. Raise quotas of 'a' by "
        r"at least 2 in all: homes stay free in .*'x'",
        group=group,
        homes={"x": 10, "y": 10, "z": 10},
        likes=likes,
        quotas={"a": 0.5, "b": 0.5},
    )


def test_blocks_with_too_few_homes_are_named():
    group = pd.Series(["a"] * 4 + ["b"] * 3)
    likes = pd.DataFrame({"x": 1.0, "y": np.where(group.index == 6, 1.0, np.nan)}, index=group.index)
    refused(
        r"1 household cannot be housed. 6 households accept no blocks but 'x' \(4 of group 'a', 2 of group 'b'\), where "
        r"there are 5 homes in 'x': 1 too few. Add homes there",
        group=group,
        homes={"x": 5, "y": 5},
        likes=likes,
    )


def test_raising_the_quotas_as_told_houses_everyone():
    group = pd.Series(["a"] * 12 + ["b"] * 3)
    likes = pd.DataFrame({"x": 1.0, "y": 2.0}, index=group.index)
    homes = {"x": 10, "y": 10}
    refused(r"by at least 2 in all", group=group, homes=homes, likes=likes, quotas={"a": 0.5, "b": 0.5})
    found = sgt.allocate(group, homes, preferences=likes, quotas={"a": 0.6, "b": 0.5})
    assert found.blocks().xs("a", level="group")["filled"].sum() == 12
