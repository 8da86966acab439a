"""Cubes and maps that are given to estimators for spectra and labels."""

import pytest

from skxrf.cluster import PoissonMixture
from skxrf.datasets import make_painting
from skxrf.exceptions import SkxrfError
from skxrf.linear_model import TemplateFitRegressor
from skxrf.neural_network import SpectrumMLPRegressor
from skxrf.preprocessing import (
    ChannelBinner,
    EnergyCalibrator,
    EnergyRangeSelector,
    SpectrumNormalizer,
)
from skxrf.pretrained import load_pretrained
from skxrf.samples import to_samples


@pytest.mark.parametrize(
    "estimator",
    [
        EnergyCalibrator(),
        ChannelBinner(2),
        SpectrumNormalizer(),
        EnergyRangeSelector(1, 5),
        PoissonMixture(2),
        TemplateFitRegressor(["Fe_K"]),
        SpectrumMLPRegressor(max_epochs=1),
        load_pretrained(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_estimators_that_are_given_a_cube_say_what_takes_one(estimator):
    cube, maps = make_painting((3, 4), random_state=0)
    energy = cube["energy"].to_numpy()
    if "energy" in estimator.get_params():
        estimator.set_params(energy=energy)
    with pytest.raises(SkxrfError, match=r"X has shape \(3, 4, .*to_samples.*predict_maps"):
        estimator.fit(cube, maps)
    with pytest.raises(SkxrfError, match=r"X has shape \(3, 4, .*to_samples.*predict_maps"):
        estimator.fit(cube.to_numpy(), maps)


def test_maps_for_labels_are_refused_by_what_makes_samples_of_them():
    cube, maps = make_painting((3, 4), random_state=0)
    with pytest.raises(SkxrfError, match=r"y has shape \(3, 4, \d+\).*to_samples"):
        SpectrumMLPRegressor(max_epochs=1).fit(to_samples(cube), maps)
