"""Train the shipped model: ``python -m skxrf.pretrained.training``."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path

import torch

import skxrf
from skxrf.pretrained._axis import COMPONENT_GROUPS, ENERGY, LINE_GROUPS, N_BACKGROUND
from skxrf.pretrained._weights import Weights, write_weights

from ._bank import fill_bank
from ._calibration import error_factors
from ._settings import TrainingSettings
from ._training import architecture, train_network

# Networks, and whether they see the neighbourhood; the second starts as the first.
_NETWORKS = (("pixels", False), ("neighborhood", True))


def main(arguments: list[str] | None = None) -> None:
    """Fill the bank, train both networks, write their weights; goes on where it was stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m skxrf.pretrained.training", description=main.__doc__
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("pretraining"),
        help="for the bank of photons (3 GB) and the checkpoints",
    )
    parser.add_argument("--output", type=Path, help="for the weights; default: the package's data")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of stacks and spectra, for a trial"
    )
    parser.add_argument(
        "--only", choices=[name for name, *_ in _NETWORKS], help="train one network"
    )
    options = parser.parse_args(arguments)
    settings = TrainingSettings()
    settings = replace(
        settings,
        n_stacks=max(settings.stacks_per_instrument, int(settings.n_stacks * options.scale)),
        n_spectra=int(settings.n_spectra * options.scale),
        n_refining_spectra=int(settings.n_refining_spectra * options.scale),
    )
    output = options.output or Path(skxrf.__file__).parent / "pretrained" / "data"
    output.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    fill_bank(options.folder, settings, say=print)
    pixels = None
    for name, neighbors in _NETWORKS:
        if options.only == "pixels" and neighbors:
            continue
        network = train_network(
            options.folder, settings, neighbors=neighbors, pixels=pixels, device=device
        )
        pixels = network
        if options.only not in (None, name):
            continue
        factors = error_factors(network, options.folder, settings, neighbors=neighbors)
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
        path = output / f"{name}.safetensors"
        shape = architecture(settings, neighbors)
        write_weights(path, Weights.of(network, shape, factors, description))
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
