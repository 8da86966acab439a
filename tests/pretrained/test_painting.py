"""The fit of a painting, where the axis ends beside lines that are there or might be."""

import numpy as np
import pytest

from skxrf.datasets import make_painting
from skxrf.pretrained import load_pretrained
from skxrf.pretrained._axis import LINE_GROUPS


@pytest.mark.parametrize(("palette", "last"), [("icon_test", 25.58), ("icon_1", 14.2)])
def test_no_map_holds_more_counts_than_its_pixel(palette, last):
    """Also of a group whose K-alpha alone lies on the axis, as of tin up to 25.58 keV."""
    cube, _ = make_painting((24, 20), palette=palette, random_state=6)
    energy = cube["energy"].to_numpy()
    X = cube.to_numpy().reshape(-1, energy.size)[:, energy <= last]
    model = load_pretrained().bind(X, energy[energy <= last])
    values, errors = model.predict(X, return_std=True)
    excess = values - X.sum(axis=1, keepdims=True) - 5 * errors
    worst = LINE_GROUPS[int(excess.max(axis=0).argmax())]
    assert excess.max() < 0, worst
    fit = model.painting_.template_fit
    inside = fit.components_[: len(fit.fitted_groups_)].sum(axis=1)
    assert np.all(inside > 0.3)
