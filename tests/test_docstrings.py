"""Every public name says what it takes, and the examples in the docstrings are true."""

import doctest
import importlib
import inspect
import pkgutil
import re
import sys
import warnings
from functools import cached_property
from typing import Protocol

import pytest

import skxrf
from skxrf.utils.discovery import public_modules

# What is in utils is for the library itself.
MODULES = [m for m in public_modules() if not m.__name__.startswith("skxrf.utils")]
# The package itself, and the command line, whose help is tested with it.
WITHOUT_NAMES = {"skxrf", "skxrf.cli"}


def public_names():
    """Every public function and class, once, by the shortest module that has it."""
    found = {}
    for module in MODULES:
        for name in () if module.__name__ in WITHOUT_NAMES else getattr(module, "__all__", ()):
            member = getattr(module, name)
            if inspect.isclass(member) or inspect.isroutine(member):
                found.setdefault(id(member), (f"{module.__name__}.{name}", member))
    return [pytest.param(member, id=name) for name, member in found.values()]


def public_methods():
    """Methods, class methods and properties that a public class defines itself."""
    for parameter in public_names():
        (cls,) = parameter.values
        if not inspect.isclass(cls):
            continue
        for name, member in vars(cls).items():
            # set_fit_request and its like are scikit-learn's.
            if name.startswith("_") or re.fullmatch(r"set_\w+_request", name):
                continue
            function = getattr(member, "__func__", member)
            if inspect.isroutine(function) or isinstance(member, property):
                yield pytest.param(function, id=f"{parameter.id}.{name}")


def sections(docstring):
    """Text of each numpydoc section; the summary is that of the empty name."""
    found, title = {"": []}, ""
    lines = inspect.cleandoc(docstring).splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line and following and set(following) == {"-"} and len(following) >= len(line):
            title = line
            found[title] = []
        elif not (set(line) == {"-"} and line):
            found[title].append(line)
    return {name: "\n".join(text) for name, text in found.items()}


def documented_parameters(docstring):
    """Names under ``Parameters``, those with a text only."""
    documented = {}
    names = []
    for line in sections(docstring).get("Parameters", "").splitlines():
        if line and not line[0].isspace():
            names = [name.strip(" *") for name in line.partition(":")[0].split(",")]
            documented |= dict.fromkeys(names, False)
        elif line.strip():
            documented |= dict.fromkeys(names, True)
    return [name for name, has_text in documented.items() if has_text]


def taken_parameters(member):
    """Names in the signature, in its order; for a class, those of its constructor."""
    parameters = inspect.signature(member).parameters
    return [name for name in parameters if name not in ("self", "cls")]


def assert_documented(member):
    docstring = inspect.getdoc(member)
    assert docstring, "has no docstring"
    summary = sections(docstring)[""].strip()
    assert re.match(r"[^\n]+[.;:!?](\n\n|\Z)", summary), "starts with one line, a whole sentence"
    if not isinstance(member, property | cached_property):
        assert documented_parameters(docstring) == taken_parameters(member)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_public_module_says_what_it_is_and_what_it_has(module):
    assert module.__doc__
    if module.__name__ not in WITHOUT_NAMES and hasattr(module, "__all__"):
        assert len(set(module.__all__)) == len(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("member", public_names())
def test_every_parameter_of_a_public_name_is_documented(member):
    if inspect.isclass(member) and (issubclass(member, Exception) or Protocol in member.__bases__):
        assert member.__doc__
        return
    assert_documented(member)


@pytest.mark.parametrize("member", list(public_methods()))
def test_every_parameter_of_a_public_method_is_documented(member):
    assert_documented(member)


@pytest.mark.parametrize("member", public_names())
def test_public_function_says_what_it_returns(member):
    if inspect.isclass(member):
        return
    annotation = inspect.signature(member).return_annotation
    if annotation not in (None, "None"):
        assert {"Returns", "Yields"} & set(sections(inspect.getdoc(member)))


def doctests():
    """Every example of every module of the library, private ones too."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for info in pkgutil.walk_packages(skxrf.__path__, "skxrf."):
        module = importlib.import_module(info.name)
        for test in finder.find(module):
            if test.examples:
                yield pytest.param(test, id=test.name)


@pytest.mark.parametrize("example", list(doctests()))
def test_example_does_what_it_says(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = runner.run(example, out=said.append)
    assert results.attempted
    assert not results.failed, "".join(said)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def test_the_tools_of_this_file_find_what_is_missing():
    def complete(first, *, second=1, **others):
        """Do something.

        Parameters
        ----------
        first, second : int
            Both.
        **others : dict
            The rest.
        """

    def lacking(first, second):
        """Do something.

        Parameters
        ----------
        first : int
            The first.
        second : int
        """

    assert_documented(complete)
    with pytest.raises(AssertionError):
        assert_documented(lacking)
    with pytest.raises(AssertionError, match="no docstring"):
        assert_documented(lambda: None)
