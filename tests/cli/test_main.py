import ast
import re

import pytest

from skxrf.cli._main import _option
from skxrf.exceptions import Argument
from tests.test_imports import SOURCES

NAMES = "dataset|energy|axes|shape|elements|anode|restart|force|snake|detector|scan|clip_negative|follow_links"


@pytest.mark.parametrize(
    ("argument", "option"),
    [
        (Argument("dataset"), "--dataset"),
        (Argument("shape", (24, 30)), "--shape=24,30"),
        (Argument("energy", placeholder="offset, gain"), "--energy=OFFSET,GAIN"),
        (Argument("energy", (-0.955, 0.01)), "--energy=-0.955,0.01"),
        (Argument("energy", function="open_cube"), "--energy"),
        (Argument("axes", ("y", "x", "energy")), "--axes=y,x,energy"),
        (Argument("elements", ["Ca_K", "Fe_K"]), "--elements=Ca_K,Fe_K"),
        (Argument("dataset", "mca/sum"), "--dataset=mca/sum"),
        (Argument("restart", True), "--restart"),
        (Argument("clip_negative", True), "--clip-negative"),
        (Argument("follow_links", True), "--follow-links"),
        (Argument("energy_range"), "energy_range="),
    ],
)
def test_an_argument_is_written_as_the_option(argument, option):
    assert _option(argument) == option


def test_errors_carry_their_arguments():
    """A text such as "pass shape=(2, 3)" would stay Python in the message of a command."""
    found = {str(source): texts for source in SOURCES if (texts := texts_with_arguments(source))}
    assert found == {}


def texts_with_arguments(source):
    """Texts of the errors that a file raises that show an argument as Python does."""
    raises = [
        node.exc
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and node.exc is not None
    ]
    texts = [
        text.value
        for error in raises
        for text in ast.walk(error)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    ]
    return [text for text in texts if re.search(rf"(?<![\w.(-])({NAMES})=", text)]
