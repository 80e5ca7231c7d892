"""What `warmup` compiles is all that a grid needs."""

import subprocess
import sys

# In a process of its own: here, other tests have compiled what they needed.
ASK = """
import importlib, pkgutil
import numpy as np
from numba.core.dispatcher import Dispatcher
import segregation_tools as sgt
from segregation_tools import kernels

def compiled():
    named = pkgutil.walk_packages(kernels.__path__, "segregation_tools.kernels.")
    modules = [importlib.import_module(found.name) for found in named]
    return {name: len(kernel.signatures) for module in modules for name, kernel in vars(module).items()
            if isinstance(kernel, Dispatcher)}

sgt.warmup()
before = compiled()
assert sum(before.values()) > 20
chance = np.random.default_rng(0)
recipes = [
    sgt.Square(300),
    *[sgt.Radius(metres, kernel) for metres in (300, 1500) for kernel in ("uniform", "gaussian", "biweight")],
    *[sgt.NearestPeople(90, ring, shape=shape) for ring in ("whole", "proportional") for shape in ("disc", "square")],
]
lines = np.eye(12, k=1) + np.eye(12, k=-1) * 0.3
for dtype in ("f4", "f8"):
    values = chance.random((12, 15)).astype(dtype)
    for statistic in (sgt.moran, sgt.geary, sgt.local_moran, sgt.local_geary, sgt.local_g):
        for given, graph in ((values, None), (values[:, 0], lines), (values[:, 0], lines + lines.T)):
            statistic(given, graph, permutations=19, rng=1)
            assert compiled() == before, (dtype, statistic)
for share in (0.02, 1):
    for dtype in ("u1", "f4", "f8"):
        counts = (chance.integers(1, 30, (3, 40, 50)) * (chance.random((40, 50)) < share)).astype(dtype)
        pop = sgt.Population(counts, ["a", "b", "c"], geography=sgt.Grid(40, 50, cell_size=100))
        for recipe in recipes:
            sgt.measure(pop.within(recipe), [sgt.dissimilarity, sgt.information_theory, sgt.exposure, sgt.gini])
            assert compiled() == before, (share, dtype, recipe)
"""


def test_after_it_no_grid_waits_for_the_compiler():
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
