"""Methods that a class inherits within the library are shown; those of other packages are not.

An estimator's ``fit`` may stand in a private base class, so inherited members are needed. Those of
scikit-learn (``get_params``, ``set_fit_request``, ...) are described in its own documentation, with
references that only resolve there.
"""

import inspect
import re

__all__ = ["setup", "skip_foreign"]

# Of every estimator of scikit-learn: made for each class, or wrapped by it.
_GENERATED = re.compile(r"set_\w+_request|get_metadata_routing|[gs]et_params|score")


def skip_foreign(app, what, name, obj, skip, options):
    """Skip methods and properties that are not defined in skxrf; leave all else to autodoc."""
    if what not in ("class", "exception"):
        return None
    if _GENERATED.fullmatch(name):
        return True
    function = inspect.unwrap(obj.fget if isinstance(obj, property) else obj)
    if inspect.isroutine(function):
        module = getattr(function, "__module__", None) or ""
        return None if module.split(".")[0] == "skxrf" else True
    return None


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True}
