"""The losses of intensities and of standard errors."""

import numpy as np
import pytest
import torch

from skxrf.pretrained.training._losses import Batch, losses


def batch_of(truth, variance=100.0):
    truth = torch.as_tensor(truth, dtype=torch.float32)
    nothing = torch.zeros(len(truth), 1)
    return Batch(nothing, nothing, truth, torch.full_like(truth, variance))


def test_the_truth_has_no_loss_and_a_small_error_half_its_square():
    batch = batch_of([[50.0], [50.0]])
    error = torch.full((2, 1), 10.0)
    assert losses(batch.intensities, error, batch)[1] == 0
    off = batch.intensities + 1.0
    # 1.2 x 100 of photons, (1 %)**2 of the intensity, and 1.
    expected = 1 / (120 + 0.25 + 1)
    assert losses(off, error, batch)[1].item() == pytest.approx(expected, rel=1e-2)


def test_large_errors_count_linearly():
    batch = batch_of([[0.0]])
    error = torch.full((1, 1), 10.0)
    one, two = (losses(torch.full((1, 1), x), error, batch)[1].item() for x in (1e4, 2e4))
    assert two / one == pytest.approx(2, rel=0.01)


def test_standard_errors_are_best_where_they_are_the_errors_made():
    rng = torch.Generator().manual_seed(0)
    truth = torch.full((4000, 1), 1000.0)
    intensity = truth + 20 * torch.randn(4000, 1, generator=rng)
    found = [
        losses(intensity, torch.full_like(truth, error), batch_of(truth, 400.0))[2].item()
        for error in (10.0, 15.0, 20.0, 27.0, 40.0)
    ]
    assert np.argmin(found) == 2


def test_without_labels_there_is_no_loss_and_no_gradient():
    batch = batch_of([[50.0, 30.0]])
    intensity = torch.tensor([[80.0, 70.0]], requires_grad=True)
    total, *_ = losses(intensity, torch.ones(1, 2), batch, torch.tensor([[1.0, 0.0]]))
    (gradient,) = torch.autograd.grad(total, intensity)
    assert gradient[0, 0] != 0
    assert gradient[0, 1] == 0
