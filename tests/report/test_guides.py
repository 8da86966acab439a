"""The examples of the pages on the report and on ``.xrf`` run, in the order of the page."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skxrf.io import save_cube, save_maps

GUIDE = Path(__file__).parents[2] / "docs" / "user_guide"


@pytest.fixture
def names_of(painted, tmp_path, monkeypatch):
    """Run the examples of a page beside the files that they open; return their names."""
    cube, _, truth, _ = painted
    save_cube(cube, tmp_path / "painting.h5")
    save_maps(truth, tmp_path / "labeled.nc")
    monkeypatch.chdir(tmp_path)

    def run(page):
        path = GUIDE / page
        blocks = re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        names: dict[str, object] = {}
        for block in blocks:
            exec(compile(block, str(path), "exec"), names)  # noqa: S102 - our own examples
        assert len(blocks) >= 2
        return names

    return run


def test_report(names_of, tmp_path):
    names = names_of("report.md")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Compared with the reference" in html
    assert 'id="amplitudes-0"' in html
    assert {"Ca_K", "Fe_K", "Hg_L", "Pb_L"} <= {*names["maps"]["element"].to_numpy()}


def test_xarray(names_of, tmp_path, painted):
    names = names_of("xarray.md")
    plt.close(names["display"].figure_)
    cube = painted[0].to_numpy()
    np.testing.assert_array_equal(names["total"], cube.sum(axis=(0, 1)))
    np.testing.assert_array_equal(names["rare"], cube.max(axis=(0, 1)))
    np.testing.assert_array_equal(names["corner"], cube[:20, :20].sum(axis=(0, 1)))
    assert (tmp_path / "maps.png").stat().st_size > 10_000
