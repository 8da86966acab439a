"""How tests/data/model_format_1.skxrf was made; run once, the file is never made again.

A later version of the format gets a file of its own, and this one must still open.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from skxrf.neural_network import SpectrumCNNRegressor
from skxrf.persistence import save_model
from skxrf.preprocessing import ChannelBinner

FOLDER = Path(__file__).parent


def main():
    rng = np.random.default_rng(1)
    y = pd.DataFrame(rng.uniform(0, 500, (300, 2)), columns=["Fe_K", "Pb_L"])
    X = rng.poisson(y.to_numpy() @ rng.dirichlet(np.ones(32), size=2)).astype(np.uint16)
    network = SpectrumCNNRegressor(
        (2,), kernel_size=4, hidden_layer_sizes=(4,), max_epochs=3, random_state=0
    )
    model = make_pipeline(ChannelBinner(2, energy=(0.5, 0.25)), network).fit(X, y)
    save_model(model, FOLDER / "model_format_1.skxrf")
    np.savez_compressed(FOLDER / "model_format_1.npz", counts=X[:5], expected=model.predict(X[:5]))


if __name__ == "__main__":
    main()
