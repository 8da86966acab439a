"""Denoised maps: less noise, no less detail, and errors that are what they say."""

import numpy as np
import pytest
import xarray as xr

from skxrf.postprocessing import denoise_maps

ELEMENTS = ["S_K", "Ca_K", "Fe_K", "Cu_K", "Hg_L", "Pb_L"]
DIMS = ("y", "x", "element")


def as_maps(intensity, uncertainty, **coords):
    intensity, uncertainty = np.broadcast_arrays(intensity, uncertainty)
    elements = ELEMENTS[: intensity.shape[2]]
    return xr.Dataset(
        {"intensity": (DIMS, intensity.copy()), "uncertainty": (DIMS, uncertainty.copy())},
        coords={"element": elements, **coords},
    )


def noisy(truth, seed):
    """Maps with Poisson noise, and the errors that the counts themselves claim."""
    counts = np.random.default_rng(seed).poisson(truth).astype(float)
    return as_maps(counts, np.sqrt(np.maximum(counts, 1)))


def flat_truth(shape=(60, 70)):
    return np.broadcast_to(np.array([20.0, 60.0, 400.0, 900.0, 150.0, 700.0]), (*shape, 6))


def painted_truth(shape=(64, 72)):
    """Two paints with an edge between them, over a ground, both of smoothly varying thickness."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    first = (np.hypot(y - 30, x - 40) < 20) * (1 + 0.3 * np.sin(y / 9) * np.cos(x / 11))
    second = 1 + 0.2 * np.sin(x / 13 + y / 17)
    paints = np.array([[60.0, 5, 20, 10, 500, 30], [5.0, 90, 300, 700, 5, 400]])
    return first[..., None] * paints[0] + second[..., None] * paints[1] + 10


def rms(values):
    return np.sqrt((np.asarray(values) ** 2).mean(axis=(0, 1)))


def test_flat_maps_lose_most_of_their_noise_and_keep_their_mean():
    truth = flat_truth()
    maps = noisy(truth, 0)
    better = denoise_maps(maps)
    assert np.all(rms(better["intensity"] - truth) < 0.3 * rms(maps["intensity"] - truth))
    raw_mean = maps["intensity"].mean(("y", "x"))
    change = better["intensity"].mean(("y", "x")) / raw_mean - 1
    assert np.all(np.abs(change) < 0.005)


def test_structured_maps_gain_less_than_flat_ones_but_gain():
    truth = painted_truth()
    maps = noisy(truth, 1)
    gain = rms(denoise_maps(maps)["intensity"] - truth) / rms(maps["intensity"] - truth)
    assert np.all(gain < 0.6)


@pytest.mark.parametrize("truth", [flat_truth(), painted_truth()], ids=["flat", "structured"])
def test_errors_are_what_they_say_where_the_truth_is_smooth(truth):
    better = denoise_maps(noisy(truth, 2))
    far = np.hypot(
        *(np.mgrid[: truth.shape[0], : truth.shape[1]] - np.array([30, 40])[:, None, None])
    )
    smooth = np.abs(far - 20) > 3
    z = (np.abs(better["intensity"] - truth) / better["uncertainty"]).to_numpy()[smooth]
    assert (z <= 1).mean() == pytest.approx(0.68, abs=0.05)
    assert (z <= 2).mean() == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("element", [0, 2, 5])
def test_a_line_and_a_speckle_of_five_errors_survive(element):
    truth = np.array(flat_truth((41, 41)))
    error = np.sqrt(truth)
    speckles, line = [(6, 6), (6, 33), (33, 6), (33, 33)], (slice(None), 20)
    for place in (*speckles, line):
        truth[*place, element] = flat_truth((1, 1))[0, 0, element] + 5 * error[0, 0, element]
    ground, contrast = truth[0, 0, element], 5 * error[0, 0, element]
    speckle, stroke = [], []
    for seed in range(12):
        noise = np.random.default_rng(seed).standard_normal(truth.shape)
        better = denoise_maps(as_maps(truth + noise * error, error))["intensity"].to_numpy()
        speckle += [better[*place, element] for place in speckles]
        stroke.append(better[*line, element].mean())
    assert (np.mean(speckle) - ground) / contrast >= 0.9
    assert (np.mean(stroke) - ground) / contrast >= 0.9
