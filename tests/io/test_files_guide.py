"""The user guide's examples run as they stand there."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from skxrf.io._xarray_engine import CubeBackend
from tests.io.maps.test_rtx import WHOLE

GUIDE = Path(__file__).parents[2] / "docs" / "user_guide" / "files.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The files that the guide opens."""
    counts = np.random.default_rng(0).poisson(3, (30, 40, 1024)).astype(np.uint16)
    with h5py.File(tmp_path / "painting.h5", "w") as file:
        file["counts"] = counts
        file["energy_keV"] = 0.01 * np.arange(1024)
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["xrf/mca"] = counts
        file["xrf/photo"] = np.zeros((30, 40, 3), np.uint8)
    (tmp_path / "point_scan").mkdir()
    for i in range(20):
        text = "".join(f"{n}\n" for n in counts[0, i])
        (tmp_path / "point_scan" / f"{i + 1}.mca").write_text(
            "<<PMCA SPECTRUM>>\nLIVE_TIME - 1.5\n<<CALIBRATION>>\nLABEL - Channel\n0 0\n1000 10\n"
            f"<<DATA>>\n{text}<<END>>\n"
        )
    (tmp_path / "reference.dat").write_text("row  column  Fe_K\n0  0  1\n0  1  2\n")
    (tmp_path / "map.rtx").write_bytes(WHOLE)
    (tmp_path / "elements.csv").write_text("row;column;Fe;Pb;chisq\n0;0;1;2;3\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("folder")
def test_the_examples_run():
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 10

    names: dict[str, object] = {"CubeBackend": CubeBackend}
    for block in blocks:
        # Only an installation tells xarray of the engine by its name.
        block = block.replace('engine="skxrf"', "engine=CubeBackend")
        exec(compile(block, str(GUIDE), "exec"), names)  # noqa: S102 - our own examples

    assert list(names["maps"]["element"].to_numpy()) == ["Fe_K", "Pb_L"]
    assert names["cube"].sizes["energy"] == 1024
    assert 6.2 <= names["window"].energy.min() < names["window"].energy.max() <= 6.6
    assert float(names["spectrum"].sum()) > 0
    assert names["pixel"].shape == (1024,)
    assert float(names["iron"].sum()) == 3
