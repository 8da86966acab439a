"""Make the models of format 1 in this folder; run once, with skxrf as of November 2026.

The files are never made again: later versions must open them and predict the same.
"""

from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from skxrf.datasets import make_painting
from skxrf.linear_model import TemplateFitRegressor
from skxrf.neural_network import SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.persistence import save_model
from skxrf.preprocessing import ChannelBinner, EnergyCalibrator, SpectrumNormalizer
from skxrf.pretrained import load_pretrained
from skxrf.samples import to_samples

FOLDER = Path(__file__).parent


def save(name, model, counts):
    save_model(model, FOLDER / f"{name}_format_1.skxrf")  # then packed by xz
    np.savez_compressed(
        FOLDER / f"{name}_format_1.npz",
        counts=counts.astype(np.uint16),
        expected=model.predict(counts),
    )


def main():
    cube, maps = make_painting((40, 40), n_channels=512, energy=(0.0, 0.04), random_state=0)
    X, energy, Y = to_samples(cube).values, cube["energy"].values, to_samples(maps).iloc[:, :3]
    few = X[:: X.shape[0] // 12]
    save("template_fit", TemplateFitRegressor(energy=energy).fit(X), few)
    # At that time the parameters of the augmentation were the network's own.
    mlp = SpectrumMLPRegressor((4,), max_epochs=2, random_state=0, gain_jitter=0.001, thinning=0.1)
    save("mlp", make_pipeline(ChannelBinner(8, energy=energy), mlp).fit(X, Y), X[:5])
    cnn = SpectrumCNNRegressor(
        (2,), kernel_size=4, hidden_layer_sizes=(4,), max_epochs=1, random_state=0
    )
    calibrated = make_pipeline(EnergyCalibrator(energy=energy), SpectrumNormalizer(), cnn)
    save("calibrated_cnn", calibrated.fit(X, Y), X[:5])
    save("shipped", load_pretrained().calibrated(X, energy), few)


if __name__ == "__main__":
    main()
