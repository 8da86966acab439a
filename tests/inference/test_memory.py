"""Memory is bounded by the block: measured in processes of their own, where nothing else counts."""

import subprocess
import sys
from pathlib import Path

import pytest

# numpy, pandas, scikit-learn, xarray and dask alone take about 200 MB.
ALLOWED_MB = 600

SCRIPT = """
import re, sys
from pathlib import Path
import dask, dask.array as da, numpy as np, xarray as xr
from sklearn.linear_model import Ridge
from skxrf.inference import predict_maps

N = 1024
rng = np.random.default_rng(0)
X = rng.poisson(3, (200, N)).astype(np.float32)
model = Ridge().fit(X, X[:, :3])
wide = X[0].astype(np.uint16)


def block(block_info=None):
    shape = block_info[None]["chunk-shape"]
    return np.broadcast_to(wide, shape).copy()


def lazy_cube(n_rows):
    chunks = ((32,) * (n_rows // 32), (512,), (N,))
    data = da.map_blocks(block, chunks=chunks, dtype=np.uint16, meta=np.empty((0, 0, 0), "u2"))
    return xr.DataArray(data, dims=("y", "x", "energy"))


how = sys.argv[1]
elements = ["Ca_K", "Fe_K", "Pb_L"]
if how == "eager":
    # Zeros that nobody wrote take no memory, so that only what is made of them is measured.
    cube = xr.DataArray(np.zeros((1024, 512, N), np.uint16), dims=("y", "x", "energy"))
    maps = predict_maps(model, cube, elements=elements)
else:
    # 1 GiB of counts, 2 GiB as float32: 32 blocks of 32 MiB.
    cube = lazy_cube(1024)
    assert cube.nbytes == 2**30
    with dask.config.set(num_workers=2):
        maps = predict_maps(model, cube, elements=elements).compute()
        np.testing.assert_array_equal(maps[0], maps[-1])
# Not ru_maxrss, which a process inherits from the one that started it.
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(cube.nbytes // 2**20, int(peak[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("how", ["lazy", "eager"])
def test_memory_is_bounded_by_the_block(how):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, how],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    cube_mb, peak_mb = map(int, done.stdout.split())
    assert cube_mb > 1.5 * ALLOWED_MB
    assert peak_mb < ALLOWED_MB, f"{peak_mb} MB for a cube of {cube_mb} MB"
