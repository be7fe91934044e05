"""Sphinx's settings for the site. ``make docs`` (build.py) puts the sources together and runs it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import minitorch_optim

project = "minitorch_optim"
author = "the minitorch_optim developers"
copyright = author
release = version = minitorch_optim.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "myst_nb",
    "making.extension",
]
exclude_patterns = ["_root", "generated"]
nitpicky = True
smartquotes = False  # what is written is what is shown

# Shapes and dtypes are in the text, in words; the signature without them is the one to remember.
autodoc_typehints = "none"
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
add_module_names = False
python_maximum_signature_line_length = 96
python_trailing_comma_in_multi_line_signatures = False
toc_object_entries = False  # a thousand names in the tree at the side of every page would be slow to build, and to read
highlight_language = "formula"  # a block of a docstring that is no example
viewcode_line_numbers = False

# Notebooks, and pages with cells, are run anew; an error in one of them is an error of the build.
nb_execution_mode = "force"
nb_execution_timeout = 180
nb_execution_raise_on_error = False  # it warns, with the traceback, and so the build fails
nb_execution_show_tb = True
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "minitorch_optim"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_math_renderer = "mathml"
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
