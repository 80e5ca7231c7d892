"""The house: what importing costs, what is left untouched, and that everything public is explained."""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import segregation_tools as sgt
from segregation_tools.indices.index import stocked

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "segregation_tools"
MODULES = sorted(
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in SOURCE.rglob("*.py")
)


def fresh(code):
    """What a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_loads_nothing_heavy():
    heavy = ["numpy", "pandas", "scipy", "geopandas", "shapely", "numba", "libpysal", "esda", "matplotlib"]
    loaded = fresh(f"import sys, segregation_tools; print([name for name in {heavy} if name in sys.modules])")
    assert ast.literal_eval(loaded) == []


def test_importing_costs_less_than_one_and_a_half_numpy():
    def cost(name):
        code = f"import time; start = time.process_time(); import {name}; print(time.process_time() - start)"
        return min(float(fresh(code)) for _ in range(5))

    assert cost("segregation_tools") <= 1.5 * cost("numpy")


def test_the_second_call_on_a_frame_is_instant(tracts):
    groups = ["white", "black", "asian", "hispanic"]
    sgt.dissimilarity(tracts, groups=groups)
    spent = []
    for _ in range(5):
        start = time.process_time()
        sgt.dissimilarity(tracts, groups=groups)
        spent.append(time.process_time() - start)
    assert min(spent) <= 0.002


def test_tables_are_measured_without_the_compiler_or_a_map_library():
    loaded = fresh(
        """
        import sys
        import pandas as pd
        import segregation_tools as sgt
        frame = pd.DataFrame({"a": [1.0, 2, 3], "b": [3.0, 2, 5]})
        for name in ("dissimilarity", "gini", "information_theory", "exposure"):
            getattr(sgt, name)(frame, groups=["a", "b"])
        print([name for name in ("numba", "geopandas", "matplotlib", "scipy.stats") if name in sys.modules])
        """
    )
    assert ast.literal_eval(loaded) == []


def test_nothing_global_is_touched():
    """Dependencies are imported first: what they change on their own is theirs."""
    fresh(
        """
        import os, tempfile, warnings
        import esda, geopandas, libpysal, matplotlib, numba, pandas, scipy.sparse, scipy.spatial, scipy.special, shapely
        import matplotlib.figure, tqdm, lazy_loader
        import numpy as np

        def state():
            settings = matplotlib.rcParams.copy(), np.get_printoptions()
            return np.geterr(), list(warnings.filters), dict(os.environ), settings

        before = state()
        import segregation_tools as sgt
        from segregation_tools.indices.index import stocked
        from segregation_tools.kernels.lorenz import MANY, area_between
        assert state() == before, "import"

        tracts = sgt.load("sacramento").to_crs(32610)
        pop = sgt.Population.from_frame(tracts, ["white", "black", "asian", "hispanic"], tiers=["county"])
        needed = {"incomes": [1, 2], "decay": 1000.0, "center": "mean", "nearest": 5}
        two, one = pop[["black", "white"]], sgt.Population([[1, 2]], ["a"])
        for index in stocked().values():
            index = index.bind(**{name: needed[name] for name in index.about.needs})
            index(two)
            for given in () if index.reads_map else (two, two.within(sgt.Zones(tracts["county"])), two.merge("county")):
                index(given); index.expected(given); index.citation()
                index.partial(given) if index.answer != "units" and given.surroundings is None else None
                index.local(given) if not index.local_refusal else None
            with warnings.catch_warnings(record=True):
                index(one) if not index.about.needs and not index.reads_map else None
        sgt.summary(pop); sgt.shelf(); pop.to_frame(export=True); repr(pop); pop._repr_html_()
        sgt.synthetic_city("random", rng=1); sgt.synthetic_district(50, 3, rng=1)
        area_between(np.random.default_rng(1).random(MANY), np.ones(MANY))
        with tempfile.TemporaryDirectory() as folder:
            sgt.report(pop, folder + "/page.html")
        for recipe in (sgt.Radius(2000), sgt.NearestPeople(9000), sgt.NearestUnits(5), sgt.Contiguity()):
            sgt.dissimilarity(pop.within(recipe))
        sgt.profile(sgt.dissimilarity, pop, radii=[0, 2000], rng=1, draws=3)
        assert state() == before, "calls"
        """
    )


def test_every_module_imports_alone():
    for name in MODULES:
        if not name.endswith("__main__"):
            importlib.import_module(name)


def test_every_room_says_what_it_holds():
    for folder in SOURCE.iterdir():
        if (folder / "__init__.py").exists():
            first = (folder / "__init__.py").read_text("utf-8").splitlines()[0]
            assert first.startswith('"""'), folder
            assert re.search(r"[Ii]mport", first), folder


def test_the_front_door_has_every_index():
    assert set(stocked()) <= set(sgt.__all__)


@pytest.mark.parametrize("name", sorted(set(sgt.__all__) - {"__version__"}))
def test_everything_public_is_explained(name):
    thing = getattr(sgt, name)
    assert inspect.getdoc(thing)
    if inspect.isfunction(thing) or (inspect.isclass(thing) and not issubclass(thing, Exception)):
        public = {parameter for parameter in inspect.signature(thing).parameters if not parameter.startswith("_")}
        described = inspect.getdoc(thing)
        assert all(parameter in described for parameter in public), public


def test_no_public_name_is_that_of_a_module():
    """Importing a submodule would put it in the place of the function."""
    modules = {path.stem for path in SOURCE.iterdir()} - {"__init__"}
    assert not modules & set(sgt.__all__)


def test_examples_are_collected():
    """An index is no function to Python; its examples must be found all the same."""
    for index in stocked().values():
        module = importlib.import_module(index.__module__)
        found = {test.name.rpartition(".")[2]: test for test in doctest.DocTestFinder().find(module)}
        assert found[index.__name__].examples, index
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "src"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    ).stdout
    for name in stocked():
        assert f".{name}\n" in listed, name
