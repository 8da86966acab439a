"""Methods of packages that are not dependencies of the benchmarks: installed by who wants them."""

from __future__ import annotations

import numpy as np
import xarray as xr

from benchmarks.open_benchmark.methods import factor_maps, in_units_of_noise, template_fit_maps
from benchmarks.open_benchmark.scans import Task


def bm3d_maps(cube: xr.DataArray, task: Task) -> xr.DataArray:
    """BM3D (Maekinen, Azzari & Foi 2020) on maps of the template fit."""
    from bm3d import bm3d

    return in_units_of_noise(
        template_fit_maps(cube, task), lambda image: np.asarray(bm3d(image, 1.0))
    )


def espm_maps(cube: xr.DataArray, task: Task) -> xr.DataArray:
    """Non-negative factors by espm (Teurtrie et al. 2023), smooth over neighbors."""
    from espm.estimators import SmoothNMF

    X = cube.to_numpy().reshape(-1, cube.sizes["energy"]).T.astype(np.float64)
    # Weights are counts here, and so the penalty of their differences is given per count: the best
    # of 0, 0.03 and 0.1 on two of the scans. Larger ones smooth edges away.
    smoothness = 0.03 / float(X.sum(axis=0).mean())
    model = SmoothNMF(
        n_components=12, lambda_L=smoothness, shape_2d=cube.shape[:2], max_iter=60, tol=0.0,
        init="nndsvda", random_state=0, verbose=0,
    )  # fmt: skip
    spectra = np.asarray(model.fit_transform(X))
    return factor_maps(model.H_.T, spectra.T, cube, task)


def noise2void_maps(cube: xr.DataArray, task: Task) -> xr.DataArray:
    """Noise2Void of careamics, one network for all maps of the template fit in units of their noise."""
    from tempfile import TemporaryDirectory

    import torch
    from careamics import CAREamist
    from careamics.config import create_advanced_n2v_config

    maps = template_fit_maps(cube, task).transpose("element", "y", "x")
    scales = np.sqrt((maps["uncertainty"] ** 2).mean(("y", "x"))).clip(min=1e-9)
    images = (maps["intensity"] / scales).to_numpy().astype(np.float32)
    # Ten times the default rate: few patches of small maps make few steps.
    configuration = create_advanced_n2v_config(
        "maps", data_type="array", axes="SYX", patch_size=[32, 32], batch_size=16, num_epochs=60,
        optimizer_params={"lr": 1e-3}, num_workers=0, seed=1,
    )  # fmt: skip
    with TemporaryDirectory() as folder, torch.random.fork_rng():
        torch.manual_seed(0)
        careamist = CAREamist(configuration, work_dir=folder, enable_progress_bar=False)
        careamist.train(train_data=images)
        found, _ = careamist.predict(images, data_type="array", axes="SYX")
    denoised = maps["intensity"].copy(data=np.asarray(found).reshape(images.shape)) * scales
    return denoised.transpose("y", "x", "element")
