"""The Python of the guide runs, page by page, as it stands there but for sizes and training times.

What starts a cluster stands behind ``if __name__ == "__main__"`` and is not run here
(tests/inference/test_dask_cluster.py does).
"""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import sklearn
import xarray as xr

from skxrf.datasets import make_painting
from skxrf.linear_model import TemplateFitRegressor
from skxrf.samples import to_samples

GUIDE = Path(__file__).parents[2] / "docs" / "user_guide"
LINE_GROUPS = ["Ca_K", "Fe_K", "Hg_L", "Pb_L"]
# What is made smaller, by page.
SMALLER = {
    # The search for further line groups is tested in tests/linear_model.
    "getting_started.md": {'anode="Rh")': 'anode="Rh", nuisance="none")'},
    "template_fit.md": {
        'energy=cube["energy"].values)': 'energy=cube["energy"].values, nuisance="none")'
    },
    "cross_validation.md": {
        "make_painting(random_state=seed)": (
            "make_painting((12, 14), n_channels=128, energy=(0.0, 0.2), random_state=seed)"
        ),
        "max_epochs=2": "max_epochs=1",
        "[300, 3000]": "[100, 300]",
        "n_jobs=2": "n_jobs=1",
    },
    "networks.md": {
        "make_spectra(5000, random_state=0)": (
            "make_spectra(300, n_channels=256, energy=(0.0, 0.1), random_state=0)"
        ),
        "SpectrumCNNRegressor(random_state=0)": (
            "SpectrumCNNRegressor(max_epochs=1, random_state=0)"
        ),
        "SpectrumMLPRegressor(random_state=0)": (
            "SpectrumMLPRegressor(max_epochs=1, random_state=0)"
        ),
        "n_jobs=2": "n_jobs=1",
        "cv=3": "cv=2",
        "[(16,), (16, 32), (16, 32, 32)]": "[(16,), (16, 32)]",
        "max_time=60": "max_epochs=1",
        "gain = 0.025": "gain = 0.1",
    },
    "forward_model.md": {"10_000": "50", "pixel_size=4.0": "pixel_size=16.0"},
    "skorch.md": {
        "make_spectra(5000, random_state=0)": (
            "make_spectra(300, n_channels=256, energy=(0.0, 0.1), random_state=0)"
        ),
        "make_painting(random_state=0)": (
            "make_painting((24, 30), n_channels=256, energy=(0.0, 0.1), random_state=0)"
        ),
        "dropout=0.1": "dropout=0.1, max_epochs=2",
        "module__width=32": "module__width=32, max_epochs=2",
        "SpectrumMLPRegressor(random_state=0)": "SpectrumMLPRegressor(max_epochs=1, random_state=0)",
    },
    # Binding of the shipped model is tested in tests/pretrained; here it is bound already.
    "../index.md": {"load_pretrained()": "bound"},
    "how_do_i.md": {"load_pretrained()": "bound"},
    "materials.md": {"20_000": "200"},
    "reproduce.md": {"n_folds=3, budget=20": "n_folds=2, budget=0.5"},
}
PAGES = [
    *("large_files.md", "calibration.md", "denoising.md", "models.md", "instruments.md"),
    *SMALLER,
]


@pytest.fixture(scope="module")
def painting():
    """A small icon, its true maps, and a fit of its spectra."""
    cube, maps = make_painting((24, 30), palette="icon_1", random_state=1)
    fit = TemplateFitRegressor(LINE_GROUPS, energy=cube["energy"].values, nuisance="none")
    return cube, maps, fit.fit(to_samples(cube).values)


@pytest.fixture(scope="module")
def bound(shipped_on_icon):
    """The shipped model, bound to an icon on the same axis."""
    return shipped_on_icon[2]


@pytest.fixture
def names(painting, bound, tmp_path, monkeypatch):
    """A folder with the files that the guide opens, and the names that its pages start with."""
    cube, maps, fit = painting
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    for name in ("painting.h5", "icon.h5", "scan.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["counts"] = cube.values
            file["counts"].attrs["dims"] = ["y", "x", "energy"]
            file["energy_keV"] = cube["energy"].values
            file["live_time_s"] = np.full(cube.shape[:2], 0.1)
    X, Y = to_samples(cube).values, to_samples(maps)[LINE_GROUPS]
    with sklearn.config_context():
        yield {
            "__name__": "guide",
            "X": X,
            "Y": Y,
            "model": fit,
            "fit": fit,
            "bound": bound,
            "cube": cube,
            "other_cube": cube,
            "maps": maps,
            "live_time": np.full(len(X), 0.1),
        }
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page, names):
    text = (GUIDE / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    code = "\n".join(blocks)
    for shown, smaller in SMALLER.get(page, {}).items():
        assert shown in code, f"{page} has no {shown!r} any more: correct SMALLER"
        code = code.replace(shown, smaller)
    exec(compile(code, page, "exec"), names)  # noqa: S102 - our own examples
    if page in ("getting_started.md", "large_files.md"):
        assert set(xr.load_dataset("maps.nc")["element"].values) >= set(LINE_GROUPS)
