"""Configuration of the documentation: ``make docs``."""

import sys
from pathlib import Path

import skxrf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "skxrf"
author = "The skxrf developers"
project_copyright = "The skxrf developers, BSD 3-Clause"
version = release = skxrf.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # Our own, in _extensions.
    "architecture",
    "docstring_text",
    "external_links",
    "inherited_members",
    "mathml",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "examples"]

# Guide pages are Markdown, read here and as they stand in the repository: links between them are
# relative paths, and headings have the anchors that repositories' viewers give them.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Every reference is resolved: in this library, or by _extensions/external_links.py, without the
# network. What is listed here is prose in the types of docstrings, not a name.
nitpicky = True

# Named, since a page that is new since the last build would not be looked at.
autosummary_generate = sorted(f"api/{page.name}" for page in (HERE / "api").glob("skxrf.*.rst"))
autodoc_typehints = "none"  # docstrings say more: shapes, units, dtypes
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the pages list them with their whole text
numpydoc_class_members_toctree = False
python_display_short_literal_types = True

# Copy buttons leave out prompts, and what a command prints.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "skxrf"
html_static_path = ["_static"]
html_css_files = ["skxrf.css"]
html_math_renderer = "mathml"  # needs neither JavaScript nor the network
html_copy_source = False
html_show_sourcelink = False
html_context = {"default_mode": "light"}
html_sidebars = {"index": [], "glossary": [], "changes": [], "contributing": []}
html_theme_options = {
    "logo": {"text": "skxrf"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "show_toc_level": 2,
    "use_edit_page_button": False,
    "back_to_top_button": True,
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "gallery_order.GalleryOrder",
    "doc_module": ("skxrf",),
    "backreferences_dir": "api/backreferences",
    "image_srcset": ["2x"],
    # What prints itself as a place in memory says nothing; how long a script takes says most of
    # what else the machine did.
    "capture_repr": ("_repr_html_",),
    "min_reported_time": 86_400,
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "plot_gallery": "True",
    "matplotlib_animations": False,
}
