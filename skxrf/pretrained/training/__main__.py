"""Train the shipped model: ``python -m skxrf.pretrained.training``."""

from __future__ import annotations

import argparse
import logging
from dataclasses import asdict, replace
from pathlib import Path

import torch

import skxrf
from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, LINE_GROUPS, N_BACKGROUND
from skxrf.pretrained._weights import write_weights

from ._bank import fill_bank
from ._error_scale import error_scale
from ._loop import train_network
from ._network import weights_of
from ._settings import TrainingSettings


def main(arguments: list[str] | None = None) -> None:
    """Fill the bank, train the network, write its weights; resumes where it was stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m skxrf.pretrained.training", description=main.__doc__
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("pretraining"),
        help="for the bank of photons (3 GB) and the checkpoint",
    )
    parser.add_argument("--output", type=Path, help="for the weights; default: the package's data")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of stacks and spectra, for a trial"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = TrainingSettings()
    settings = replace(
        settings,
        n_stacks=max(settings.stacks_per_instrument, int(settings.n_stacks * options.scale)),
        n_spectra=int(settings.n_spectra * options.scale),
        n_refining_spectra=int(settings.n_refining_spectra * options.scale),
    )
    output = options.output or Path(skxrf.__file__).parent / "pretrained" / "data"
    output.mkdir(parents=True, exist_ok=True)
    fill_bank(options.folder, settings)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = train_network(options.folder, settings, device=device)
    description = {
        "recipe": {
            key: list(v) if isinstance(v, tuple) else v for key, v in asdict(settings).items()
        },
        "line_groups": list(LINE_GROUPS),
        "components": list(COMPONENT_GROUPS),
        "n_background": N_BACKGROUND,
        "energy": [float(ENERGY[0]), float(ENERGY[1] - ENERGY[0]), int(ENERGY.size)],
        "skxrf": skxrf.__version__,
        "torch": str(torch.__version__).split("+")[0],
    }
    weights = weights_of(network, description)
    weights = replace(weights, error_scale=error_scale(weights, options.folder, settings))
    path = output / "pixels.safetensors"
    write_weights(path, weights)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
