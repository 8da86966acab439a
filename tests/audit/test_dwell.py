"""Dwell by the Fisher information, against scans that were measured longer."""

import numpy as np

from skxrf.audit._dwell import needed_dwell
from skxrf.audit._reference import linear_reference
from tests.audit.conftest import make_scene


def dwell_of(scene, dwell=None, precision=0.05):
    reference = linear_reference(scene.fit, scene.spectra)
    return needed_dwell(
        reference,
        reference.intensities(scene.spectra),
        reference.variances(scene.spectra),
        dwell=dwell,
        precision=precision,
    )


def test_the_needed_dwell_gives_the_precision():
    short = dwell_of(make_scene(1, counts=1.0), dwell=0.04, precision=0.03)
    factor = float(short.loc["Ti_K", "dwell_factor"])
    assert factor > 2
    longer = dwell_of(make_scene(1, counts=factor))
    assert abs(longer.loc["Ti_K", "precision"] / 0.03 - 1) < 0.1
    np.testing.assert_allclose(short["needed"], 0.04 * short["dwell_factor"])


def test_the_precision_is_the_scatter_of_pixels():
    scene = make_scene(2)
    table = dwell_of(scene)
    reference = linear_reference(scene.fit, scene.spectra)
    values = reference.intensities(scene.spectra)
    for k, name in enumerate(reference.line_groups):
        share = scene.truth[:, k] / scene.truth[:, k].sum()
        scatter = np.sqrt(share @ (values[:, k] - scene.truth[:, k]) ** 2)
        expected = scatter / (share @ scene.truth[:, k])
        assert abs(table.loc[name, "precision"] / expected - 1) < 0.1
    assert table["needed"].isna().all()


def test_a_line_group_that_is_nowhere_has_no_precision():
    scene = make_scene(3)
    spectra = np.random.default_rng(0).poisson(
        np.delete(scene.truth, 1, axis=1) @ np.delete(scene.fit.components_[:4], 1, axis=0) + 0.5
    )
    scene.cube = scene.cube.copy(data=spectra.reshape(scene.cube.shape))
    table = dwell_of(scene)
    assert np.isnan(table.loc["Ti_K", "precision"])
    assert np.isfinite(table.drop("Ti_K")["precision"]).all()
