"""Data for tests."""

import os
from pathlib import Path

import pytest

import segregation_tools as sgt


@pytest.fixture(scope="session")
def real_data():
    """Folder of real data beyond the samples; tests skip, saying so, where SGT_TEST_DATA is unset."""
    folder = os.environ.get("SGT_TEST_DATA")
    if not folder:
        pytest.skip("SGT_TEST_DATA names no folder of real data")
    return Path(folder)


@pytest.fixture(scope="session")
def tracts():
    return sgt.load("sacramento")


@pytest.fixture(scope="session")
def sacramento(tracts):
    return sgt.Population.from_frame(
        tracts, groups=["white", "black", "asian", "hispanic"], tiers=["county"], total="total"
    )
