"""Self-contained HTML pages: the template environment and the style sheet of all reports."""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def page_environment(package: str) -> Environment:
    """Return the template environment of a report.

    `package`: package whose folder ``templates`` contains the report's own templates.
    ``style.css``, which all reports include, is found beside this module. The environment escapes
    HTML, and refuses names that are not defined.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("skxrf.utils.html")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["label"] = label
    return environment


def label(name: object) -> str:
    """Name of a line group, or of a mean over line groups, for readers: ``Fe K``."""
    return str(name).replace("_", " ")
