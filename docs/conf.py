"""Sphinx settings; the reference is written from the shelf, the notebooks are shown as they are stored."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # pages.py, and the properties that the tests prove

from pages import write_reference  # noqa: E402

import segregation_tools  # noqa: E402

project = "segregation_tools"
copyright = "the segregation_tools authors, BSD-3-Clause"
version = release = segregation_tools.__version__
extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary"]
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"
numpydoc_show_class_members = False
autosummary_generate = True
toc_object_entries = False  # pages have headings of their own
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_title = "segregation_tools"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_sidebars = {page: [] for page in ("index", "glossary", "choosing", "comparison")}  # room for their tables
suppress_warnings = ["config.cache"]

write_reference(HERE / "reference")
shutil.rmtree(HERE / "notebooks", ignore_errors=True)
shutil.copytree(HERE.parent / "notebooks", HERE / "notebooks", ignore=shutil.ignore_patterns("*.py", ".*"))
