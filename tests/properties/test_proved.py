"""What the reference states of an index has been tried: every property, of every index of which it is stated."""

import importlib

import pytest

from segregation_tools.indices.index import stocked
from tests.properties.cases import TRIED
from tests.properties.proved import PROPERTIES


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_is_stated_is_tried(name):
    for module in ("test_properties", "test_maps"):
        importlib.import_module(f"tests.properties.{module}")
    assert {index.__name__ for index in PROPERTIES[name].indices} == TRIED[name]


@pytest.mark.parametrize("name", PROPERTIES)
def test_an_index_has_a_property_or_lacks_it(name):
    held = {index.__name__ for index in PROPERTIES[name].indices}
    assert not held & PROPERTIES[name].lacking.keys()
    assert PROPERTIES[name].lacking.keys() <= stocked().keys()
