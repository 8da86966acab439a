import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from skxrf.plotting import ElementMapDisplay
from skxrf.plotting._embedding import picture_bytes


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_same_picture_gives_the_same_bytes(toy_maps, kind, start):
    def draw(ax):
        ElementMapDisplay.from_maps(toy_maps, ax=ax)

    before = dict(mpl.rcParams)
    first, second = (picture_bytes(draw, 6, 2, kind=kind, dpi=50) for _ in range(2))
    assert first == second
    assert first.startswith(start)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_size_and_resolution():
    content = picture_bytes(lambda ax: ax.plot([1, 2]), 4, 3, dpi=50)
    # Width and height stand in the first chunk of a PNG.
    size = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    assert size == (200, 150)
