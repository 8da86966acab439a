"""The README's example does what it says, on the files that it names."""

import runpy
from pathlib import Path

import numpy as np

from skxrf.datasets import make_painting
from skxrf.io import open_maps, save_cube, save_maps

README = Path(__file__).parents[1] / "README.md"


def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    cube, maps = make_painting((30, 30), n_channels=256, energy=(0.0, 0.1), random_state=0)
    save_cube(cube, "painting.h5")
    save_maps(maps, "labels.nc")
    code = README.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    # The example as it stands, but for the length of the training.
    assert "SpectrumCNNRegressor(random_state=0)" in code
    code = code.replace("(random_state=0)", "(random_state=0, max_epochs=2)")
    Path("example.py").write_text(code, encoding="utf-8")
    names = runpy.run_path("example.py")
    assert np.all(np.isfinite(names["scores"]["test_ssim"]))
    assert len(names["scores"]["test_z"]) == 5
    assert open_maps("maps.nc").shape == maps.shape
