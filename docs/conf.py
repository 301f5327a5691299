# SPDX-License-Identifier: Apache-2.0
"""Settings of Sphinx. The reference pages are generated while building, by ``_ext/ugr_reference.py``."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent))

import ugr  # noqa: E402  (the checkout that this folder belongs to)

project = "ugr"
author = "the ugr developers"
project_copyright = "the ugr developers"
version = release = ugr.__version__

extensions = ["ugr_reference"]
exclude_patterns = ["_build"]
highlight_language = "none"
nitpicky = True
smartquotes = False

html_theme = "alabaster"
html_theme_options = {
    "description": "One namespace over many storage endpoints",
    "fixed_sidebar": True,
    "page_width": "1200px",
    "body_max_width": "auto",
}
html_show_sourcelink = False
html_copy_source = False
