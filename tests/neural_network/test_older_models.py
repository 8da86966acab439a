"""Networks that were stored by earlier versions predict as they did."""

import copy

import numpy as np
import pytest

from skxrf.neural_network import SpectrumAugmentation, SpectrumCNNRegressor, SpectrumMLPRegressor
from skxrf.neural_network._modules import fill_buffers
from skxrf.neural_network._older_models import migrated


@pytest.fixture
def fitted(painting):
    model = SpectrumMLPRegressor((16, 16), max_epochs=10, random_state=0)
    return model.fit(*painting)


def earlier_state(model, **parameters):
    """State as the version before the redesign stored it."""
    state = model.__getstate__()
    for name in ("augmentation", "dropout"):
        del state[name]
    state["residual_levels"] = 5
    settings = {**state.pop("_module_settings"), **state.pop("_training_settings")}
    del settings["dropout"]
    settings["residual_levels"] = settings.pop("n_residual_weights")
    settings["scale_outputs"] = True
    state.update(
        _fitted_settings=settings,
        residual_share=1.0,
        templates=None,
        scale_outputs=True,
        learning_rate_schedule="one_cycle",
        n_iter_no_change=10,
        tol=1e-4,
        thinning=0.0,
        gain_jitter=0.0,
        zero_jitter=0.0,
        injection=0.0,
        rescaling=0.0,
        line_templates=None,
        augmented_share=0.5,
    )
    return {**state, **parameters}


def restored(state, estimator=SpectrumMLPRegressor):
    model = estimator.__new__(estimator)
    model.__setstate__(state)
    return model


def test_parameters_of_the_augmentation_become_one_object(fitted, painting):
    X, _ = painting
    model = restored(earlier_state(fitted, thinning=0.3, augmented_share=0.2, early_stopping=True))
    assert isinstance(model.augmentation, SpectrumAugmentation)
    assert (model.augmentation.thinning, model.augmentation.share) == (0.3, 0.2)
    assert model.early_stopping == 10
    assert set(vars(model)) == set(vars(fitted))
    np.testing.assert_array_equal(model.predict(X), fitted.predict(X))
    assert restored(earlier_state(fitted)).augmentation is None


def test_a_network_with_one_weight_for_all_intensities(fitted, painting):
    X, _ = painting
    fitted = copy.deepcopy(fitted)
    fill_buffers(fitted.net_.module_, residual_weight=np.full(3, 0.7))
    fitted.residual_weight_[:] = 0.7
    state = earlier_state(fitted)
    del state["residual_levels"], state["residual_intensity_"], state["residual_share"]
    state["residual_weight_"] = state["residual_weight_"][0]
    del state["_fitted_settings"]["residual_levels"]
    weights = dict(state["_net_state"]["weights"])
    del weights["residual_levels"]
    weights["residual_weight"] = weights["residual_weight"][0]
    state["_net_state"] = {**state["_net_state"], "weights": weights}
    model = restored(state)
    np.testing.assert_array_equal(model.residual_weight_, [[0.7] * 3])
    np.testing.assert_array_equal(model.predict(X), fitted.predict(X))


def test_it_can_be_trained_on(fitted, painting):
    model = restored(earlier_state(fitted)).set_params(warm_start=True, max_epochs=1)
    assert model.fit(*painting).n_iter_ == 11


def test_an_unfitted_one(painting):
    state = SpectrumCNNRegressor((4,)).__getstate__()
    del state["augmentation"]
    state.update(stride=4, padding=None, pool_size=1, gain_jitter=0.01)
    model = restored(state, SpectrumCNNRegressor)
    assert model.augmentation.gain_jitter == 0.01
    assert not hasattr(model, "stride")


def test_a_state_of_this_version_is_left_alone(fitted):
    state = fitted.__getstate__()
    assert migrated(state) is state


def test_parameters_that_are_no_longer_there(fitted, painting):
    X, _ = painting
    state = {**fitted.__getstate__(), "n_residual_weights": 5, "nonnegative": True}
    model = restored(state)
    np.testing.assert_array_equal(model.predict(X), np.maximum(fitted.predict(X), 0))
    assert set(model.get_params()) == set(fitted.get_params())


def test_model_that_was_stored_without_weight_decay(fitted, painting):
    X, _ = painting
    state = {k: v for k, v in fitted.__getstate__().items() if k != "weight_decay"}
    model = restored(state)
    np.testing.assert_array_equal(model.predict(X), fitted.predict(X))
    assert model.get_params()["weight_decay"] == fitted.weight_decay
