"""How Sphinx builds the site: `make docs`.

The source folder is the whole checkout, so that README.md, ARCHITECTURE.md and the pages of the examples are part of
the site where they stand, and every relative link means the same there and in the repository.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Ouroloop"
author = "Ouroloop contributors"
html_title = "Ouroloop"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/reference/*.md", "examples/*/README.md"]
html_theme = "furo"
html_extra_path = ["site"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "native"

# A heading may be linked to by GitHub's name for it.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# Our docstrings are prose with `code` in single backticks.
default_role = "code"
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
# What CPython says of a method of ours stands in Python's documentation.
autodoc_inherit_docstrings = False
python_use_unqualified_type_names = True
add_module_names = False
python_maximum_signature_line_length = 88

CODE = re.compile(r"(`[^`]+`)")
# What reStructuredText would read as markup outside of code.
MARKUP = re.compile(r"(?<!\\)[*|]|(?<=\w)_(?=\W|$)")


def prose(_app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Docstrings are plain text: a star or bar in them is a star or bar."""
    pieces = CODE.split("\n".join(lines))
    # Every other piece is code. A letter may follow it in English, in reStructuredText only after a backslash.
    pieces[::2] = [re.sub(r"^(?=\w)", r"\\ ", MARKUP.sub(r"\\\g<0>", piece)) for piece in pieces[::2]]
    lines[:] = "".join(pieces).split("\n")


def is_left_out(_app: Sphinx, _what: str, _name: str, value: Any, _skip: bool, _options: Any) -> bool | None:
    """Leaves out of the reference what is the standard library's own object: its documentation is Python's."""
    home = str(getattr(value, "__module__", "")).partition(".")[0]
    return True if home in {"asyncio", "_asyncio", "builtins"} else None


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", prose)
    app.connect("autodoc-skip-member", is_left_out)
