"""The wheel carries everything it needs; the editable install reads the checkout's files."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import segregation_tools as sgt
from segregation_tools.population.datasets import LABELS, sample_folder

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return next(folder.glob("segregation_tools-*.whl"))


@pytest.mark.network
def test_the_wheel_carries_data_words_and_types(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {name.removeprefix("segregation_tools/") for name in names if name.startswith("segregation_tools/")}
    assert {f"sample_data/{name}.gpkg" for name in LABELS} <= package
    assert {
        "py.typed",
        "__init__.pyi",
        "indices/references.toml",
        "views/languages/en.toml",
        "views/explore/leaflet/LICENSE",
        "views/explore/leaflet/leaflet.css",
        "views/explore/leaflet/leaflet.js",
        "views/explore/map.css",
        "views/explore/map.js",
        "views/handouts/fr.toml",
        "views/editor/map.js",
        "views/editor/map.css",
        "views/editor/widget.js",
        "views/editor/widget.css",
        "views/editor/residents.js",
        "views/editor/residents.css",
    } <= package
    assert {str(p.relative_to(ROOT / "src" / "segregation_tools")) for p in (ROOT / "src").rglob("*.py")} <= package
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


@pytest.mark.network
def test_the_wheel_works_alone(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "import segregation_tools as sgt\n"
        "from segregation_tools.population.datasets import sample_folder\n"
        "tracts = sgt.load('sacramento')\n"
        "print(sgt.__file__); print(sample_folder())\n"
        "print(sgt.dissimilarity(tracts, groups=['white', 'black', 'asian', 'hispanic']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    where, data, value = done.stdout.split()
    assert Path(where).is_relative_to(site)
    assert Path(data) == site / "segregation_tools" / "sample_data"
    assert float(value) == pytest.approx(0.41340872573177806, rel=1e-9)


def test_the_editable_install_reads_the_checkout():
    assert Path(sgt.__file__).is_relative_to(ROOT / "src")
    assert sample_folder() == ROOT / "sample_data"
