"""Small sound files of every format, from the writers of the tests and of the library."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import numpy as np
import xarray as xr
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skxrf.io import open_cube, save_cube, save_maps
from skxrf.persistence import save_model
from skxrf.preprocessing import ChannelBinner
from tests.io.cubes import (
    test_bcf,
    test_edf,
    test_mca,
    test_mca_sections,
    test_msa,
    test_nxdata,
    test_ripple,
    test_spx,
)
from tests.io.maps import test_rtx


def write_seeds(folder: Path) -> list[Path]:
    """Write them, each in a folder of its own.

    Returns what is opened: files, and folders of files.
    """
    counts = np.random.default_rng(3).poisson(4.0, (5, 7, 12)).astype(np.uint16)

    def place(name: str) -> Path:
        one = folder / name
        one.mkdir()
        return one

    found = [
        test_bcf.write(place("bcf"), counts),
        test_bcf.write(place("bcf12"), counts, pack=test_bcf.pixels_12, squeeze=bytes),
        test_ripple.write(place("ripple"), counts, **test_ripple.CALIBRATION),
        test_edf.write(place("edf"), counts),
        test_mca.folder_of(place("mca"), counts[:2], test_mca.counting(14)),
        test_nxdata.write_hyperspy(
            place("hspy") / "line.hspy",
            counts[0],
            [dict(test_nxdata.LINE), dict(test_nxdata.ENERGY)],
        ),
    ]
    for name, content in {
        "spectra.mca": test_mca.spec(counts.reshape(35, 12)),
        "point.spx": test_spx.spx(),
        "artax.rtx": test_spx.artax(6).encode(),
        "iron.msa": test_msa.msa(),
        "gse.mca": test_mca_sections.gse(),
        "point.spe": test_mca_sections.spe(),
        "point.txt": b"keV counts\n" + b"".join(b"%.2f %d\n" % (0.02 * i, i) for i in range(40)),
        "map.rtx": test_rtx.WHOLE,
    }.items():
        found.append(place(name) / name)
        found[-1].write_bytes(content)
    found.append(place("nxdata") / "scan.nxs")
    with h5py.File(found[-1], "w") as file:
        test_nxdata.write_nxdata(file.create_group("entry"), counts, (0, 1, 2))
    cube = open_cube(found[0])
    found.append(place("plain") / "cube.h5")
    save_cube(cube, found[-1])
    maps = xr.DataArray(
        np.random.default_rng(4).random((5, 7, 2)),
        dims=("y", "x", "element"),
        coords={"element": ["Fe_K", "Pb_L"]},
        name="intensity",
    )
    for name in ("maps.nc", "maps.nxs", "maps.csv", "maps.dat", "maps.dms", "maps.tif"):
        found.append(place(name) / name)
        save_maps(maps, found[-1])
    for name, seed in {
        "point.mca.gz": "spectra.mca/spectra.mca",
        "maps.csv.gz": "maps.csv/maps.csv",
    }.items():
        found.append(place(name) / name)
        found[-1].write_bytes(gzip.compress((folder / seed).read_bytes()))
    found.append(place("model") / "model.skxrf")
    save_model(make_pipeline(ChannelBinner(2), Ridge()).fit(counts[0], counts[0]), found[-1])
    return found
