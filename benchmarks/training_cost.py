"""Cost of training through the estimators over a bare torch loop on the same batches.

Every repeat times a fit and the loop one after the other, in alternating order; the ratio is the
median of the repeats' ratios.
"""

from __future__ import annotations

import copy
from statistics import median

import click
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.tables import RESULTS, write_rows
from benchmarks.timing import in_turns
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor, published_networks

N_OUTPUTS = 12
# Nothing but training: no linear path to fit, hardly anything held out, and the rate of the bare
# loop. The published networks have their own loss, which costs as much.
BARE: dict[str, object] = {"learning_rate": 1e-4, "random_state": 0, "validation_fraction": 1e-6}
BARE_DEFAULT = {
    **BARE,
    "linear_path": False,
    "loss": "squared_error",
    "optimizer__weight_decay": 0.0,
}


def make_spectra(n_samples: int, n_channels: int) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    y = rng.gamma(1.0, 300.0, size=(n_samples, N_OUTPUTS))
    templates = rng.dirichlet(np.full(n_channels, 0.05), size=N_OUTPUTS)
    return rng.poisson(y @ templates + 1.0).astype(np.uint16), y


def bare_loop(
    module: torch.nn.Module,
    X: NDArray[np.uint16],
    y: NDArray[np.float64],
    batch_size: int,
    epochs: int,
) -> None:
    """Train as one would by hand: tensors made once, rows drawn by index."""
    spectra = torch.from_numpy(X.astype(np.float32))
    labels = torch.from_numpy(y.astype(np.float32))
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4, weight_decay=0.0, fused=True)
    generator = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        order = torch.randperm(len(spectra), generator=generator)
        for rows in order.split(batch_size):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(module(spectra[rows]), labels[rows])
            loss.backward()
            optimizer.step()


def compare(
    name: str, n_channels: int, batch_size: int, *, n_batches: int, epochs: int, repeats: int
) -> dict[str, object]:
    X, y = make_spectra(n_batches * batch_size, n_channels)
    networks = {
        "default CNN": SpectrumCNNRegressor(),
        "default MLP": SpectrumMLPRegressor(),
        "published CNN": published_networks()["CNN"],
        "published MLP": published_networks()["MLP"],
    }
    bare = BARE_DEFAULT if name.startswith("default") else BARE
    estimator = networks[name].set_params(batch_size=batch_size, max_epochs=epochs, **bare)
    # The first fit warms up, and makes the module that the bare loop trains.
    module = copy.deepcopy(estimator.fit(X[: 2 * batch_size], y[: 2 * batch_size]).net_.module_)
    bare_loop(module, X[: 2 * batch_size], y[: 2 * batch_size], batch_size, 1)
    times = in_turns(
        {
            "fit": lambda: estimator.fit(X, y),
            "loop": lambda: bare_loop(module, X, y, batch_size, epochs),
        },
        repeats,
        warm_up=False,
    )
    fits, loops = times["fit"].wall, times["loop"].wall
    ratios = [fit / loop for fit, loop in zip(fits, loops, strict=True)]
    return {
        "network": name,
        "channels": n_channels,
        "batch": batch_size,
        "threads": torch.get_num_threads(),
        "spectra": len(X) * epochs,
        "estimator_s": round(median(fits), 3),
        "bare_loop_s": round(median(loops), 3),
        "ratio": round(median(ratios), 3),
    }


@click.command("training-cost")
@click.option("--repeats", default=7, show_default=True, help="Turns of fit and bare loop.")
@click.option("--threads", type=int, help="Torch's threads.")
def main(repeats: int, threads: int | None) -> None:
    """Cost of training through the estimators over a bare torch loop."""
    if threads:
        torch.set_num_threads(threads)
    rows = []
    for name, batches, epochs in (
        ("default CNN", 16, 10),
        ("default MLP", 16, 10),
        ("published CNN", 4, 1),
        ("published MLP", 16, 2),
    ):
        for n_channels in (1024, 2048):
            for batch_size in (200, 512):
                rows.append(
                    compare(
                        name,
                        n_channels,
                        batch_size,
                        n_batches=batches,
                        epochs=epochs,
                        repeats=repeats,
                    )
                )
                print(rows[-1], flush=True)
    write_rows(RESULTS / "training_cost.csv", rows)
