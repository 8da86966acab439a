import os

# scikit-learn skips its array API check otherwise; scipy reads it when it is first imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pandas as pd
import pytest
import torch


@pytest.fixture(scope="package", autouse=True)
def _one_torch_thread():
    """Small layers gain nothing from threads, and lose much on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="package")
def line_templates():
    """Three Gaussian lines over 64 channels, two of them overlapping; each of area one."""
    channel = np.arange(64)
    lines = np.exp(-0.5 * ((channel - np.array([[18.0], [24.0], [45.0]])) / 2.5) ** 2)
    return lines / lines.sum(axis=1, keepdims=True)


@pytest.fixture(scope="package")
def painting(line_templates):
    """Counts (1200, 64), and the intensities that three line groups had but for absorption.

    Each is absorbed by another: no linear function of the spectrum gives it back.
    """
    rng = np.random.default_rng(0)
    amount = rng.gamma(1.0, 1.0, size=(1200, 3)) * (rng.random((1200, 3)) < 0.7)
    absorbed = np.exp(-0.3 * amount[:, [2, 0, 1]])
    intensity = 300 * amount
    background = 2.0 + rng.uniform(0, 4, size=(1200, 1))
    counts = rng.poisson((intensity * absorbed) @ line_templates + background).astype(np.uint16)
    return counts, pd.DataFrame(intensity, columns=["Ca_K", "Ti_K", "Fe_K"])
