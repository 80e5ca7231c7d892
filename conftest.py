"""What every test may use: deterministic hypothesis in CI, the front door in doctests."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

import segregation_tools as sgt

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(autouse=True)
def _front_door(doctest_namespace):
    """Examples in docstrings read as in a notebook whose first cell imports the library."""
    doctest_namespace.update(sgt=sgt, np=np, pd=pd)
