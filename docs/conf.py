"""Sphinx settings; the pages of the indices are written from the shelf."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from pages import write_index_pages  # noqa: E402

import segregation_tools  # noqa: E402

project = "segregation_tools"
copyright = "the segregation_tools authors, BSD-3-Clause"
version = release = segregation_tools.__version__
extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
myst_enable_extensions = ["deflist"]
nb_execution_mode = "off"
numpydoc_show_class_members = False
autosummary_generate = True
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_title = "segregation_tools"
html_sidebars = {page.stem: [] for page in HERE.glob("*.md")}  # they have no pages below them: room for their tables
suppress_warnings = ["config.cache"]

write_index_pages(HERE / "reference")
