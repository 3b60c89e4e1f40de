"""Sphinx's configuration. `.ci/docs` builds the pages; MPIFAST_GALLERY=1 also runs the gallery and draws figures."""

import importlib.util
import os
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

# SciPy and scikit-learn come before autodoc's stand-in for PyTorch, which they would take for the real one.
import public_names  # noqa: E402
import scipy.stats  # noqa: E402, F401
import sklearn.utils  # noqa: E402, F401

import mpifast  # noqa: E402

for name in ("phantoms", "noise", "receive"):  # attributes of the package, which autodoc imports as modules
    sys.modules[f"mpifast.{name}"] = getattr(mpifast, name)
RUN = os.environ.get("MPIFAST_GALLERY") == "1"

project = "mpifast"
author = "The mpifast developers"
copyright = "The mpifast developers, MIT licence"
version = release = mpifast.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
root_doc = "index"
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["_build"]
templates_path = ["_templates"]
suppress_warnings = ["config.cache"]  # functions in sphinx_gallery_conf

# Pages in Markdown. Their console blocks are tests (tests/test_docs.py).
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
highlight_language = "default"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

# The reference: numpydoc docstrings, one page a name.
default_role = "py:obj"
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "signature"
autodoc_member_order = "groupwise"
autodoc_preserve_defaults = True
toc_object_entries_show_parents = "hide"  # long names do not fit beside the page
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
autodoc_mock_imports = [name for name in ("torch", "onnx") if importlib.util.find_spec(name) is None]
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

INTERNAL = (  # classes of signatures that no user makes, and modules that docstrings name
    r"(ForwardModel|KroneckerModel|PatchModel|Route|Relaxation|RowMatching|Term|Bound|Source|NetworkState|Sequence|Selection"
    r"|Frames|Placement|Merged|MdfData|condition_of|noise_level|computed_snr|Scaling\.measure|MODES|reduction|fast)"
)

# Links. The inventories are copies (Debian's python3.11-doc and python-scipy-doc), so that no build needs a network.
# NumPy's pages follow a rule; names of other packages, and those that a docstring alone explains, have no link.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", str(DOCS / "inventories" / "python.inv")),
    "scipy": ("https://docs.scipy.org/doc/scipy", str(DOCS / "inventories" / "scipy.inv")),
}
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(dask|distributed|h5py|matplotlib|sklearn|torch|xarray|zarr)\..*"),
    (r"py:.*", r"(Any|ArrayLike|Figure|Self|T|TypeAliasForwardRef)"),
    (r"py:.*", r"numpy\._typing\..*"),  # what Sphinx makes of ArrayLike
    (r"py:.*", r"(mpifast\..*\.)?" + INTERNAL),
]

html_theme = "pydata_sphinx_theme"
html_title = "mpifast"
html_static_path = ["_static"]
html_css_files = ["mpifast.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "mpifast"},
    "show_prev_next": False,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {page: [] for page in ("index", "changes", "glossary", "speed", "search")}
html_context = {"default_mode": "auto"}

sphinx_gallery_conf = {
    "examples_dirs": str(DOCS.parent / "examples" / "gallery"),
    "gallery_dirs": "gallery",
    "plot_gallery": RUN,
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"__init__\.py",
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    "first_notebook_cell": "%matplotlib inline",
    "reset_modules": ("matplotlib",),
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("mpifast",),
}


def draw_figures(app):
    """Draw the figures of the theory pages anew; a build that runs nothing shows the copies in images/theory."""
    if RUN:
        import theory_figures

        theory_figures.draw(DOCS / "images" / "theory")


def setup(app):
    """Hooks of this project."""
    public_names.hide_overloads()
    app.connect("builder-inited", draw_figures)
    app.connect("missing-reference", public_names.resolve)
    app.connect("source-read", public_names.close_blocks)
    app.connect("autodoc-process-signature", public_names.short_signature)
    app.connect("autodoc-process-docstring", public_names.escape, priority=1)  # before numpydoc
