"""Names of PySAL segregation."""

import pickle

import pytest

import segregation_tools as sgt
from segregation_tools.indices.pysal import NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_gives_its_index_and_says_what_differs(name):
    index = sgt.from_pysal(name)
    assert index.__name__ == NAMES[name][1]
    assert f"PySAL's {name}:" in repr(index)
    assert index.formula is getattr(sgt, index.__name__).formula


def test_a_found_index_works_as_any_other(sacramento):
    found = sgt.from_pysal("MultiDissim")
    assert found(sacramento) == pytest.approx(0.41340872573177806, rel=1e-9)
    assert pickle.loads(pickle.dumps(found))(sacramento) == found(sacramento)  # noqa: S301 - our own bytes
    assert sgt.dissimilarity.note == ""


def test_names_are_those_of_other_people():
    """As they stand in the values that were computed with PySAL; what begins with _ is nothing it offers."""
    from pathlib import Path

    import pandas as pd

    values = pd.read_csv(Path(__file__).parents[1] / "oracles" / "values.csv")
    computed = values["source"].str.extract(r"^PySAL segregation 2\.6\.0 ([A-Za-z]\w*)")[0].dropna().unique()
    assert set(computed) <= set(NAMES)


def test_all_names_are_listed_and_others_refused():
    table = sgt.from_pysal()
    assert set(table["index"]) <= set(sgt.shelf().index)
    assert table.loc["Atkinson", "differs"].count("whatever is asked for") == 1
    with pytest.raises(sgt.DataError, match="'Spaciousness'"):
        sgt.from_pysal("Spaciousness")
