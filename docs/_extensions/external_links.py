"""Links to the documentation of other packages by their patterns: no inventory is downloaded."""

__all__ = ["address", "setup"]

# Where each package has a page for each of its public names.
_PAGES = {
    "numpy": "https://numpy.org/doc/stable/reference/generated/{name}.html",
    "pandas": "https://pandas.pydata.org/docs/reference/api/{name}.html",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{name}.html",
    "skimage": "https://scikit-image.org/docs/stable/api/{module}.html#{name}",
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{name}.html",
    "xarray": "https://docs.xarray.dev/en/stable/generated/{name}.html",
}


def address(target):
    """The page of a dotted name such as ``sklearn.model_selection.GroupKFold``, or None."""
    package, _, rest = target.partition(".")
    if package not in _PAGES or not rest:
        return None
    return _PAGES[package].format(name=target, module=target.rpartition(".")[0])


def _resolve(app, env, node, contnode):
    page = address(node.get("reftarget", "")) if node.get("refdomain") == "py" else None
    if page is None:
        return None
    from docutils import nodes

    return nodes.reference("", "", contnode, internal=False, refuri=page)


def setup(app):
    """Register with Sphinx."""
    app.connect("missing-reference", _resolve)
    return {"parallel_read_safe": True}
