import numpy as np

from benchmarks.scores import SCORES, score_elements


def test_scores_of_a_perfect_and_of_a_wrong_prediction(tiny):
    truth = tiny.load(True).labels
    perfect = score_elements(truth, truth.to_numpy())
    assert perfect["element"].tolist() == ["Ca_K", "Fe_K", "Pb_L"]
    for column, value in zip(SCORES, (1, 1, 0, 1, 1), strict=True):
        np.testing.assert_allclose(perfect[column], value, atol=1e-9)
    wrong = score_elements(truth, 3 + 0.5 * truth.to_numpy())
    np.testing.assert_allclose(wrong["slope"], 0.5, rtol=1e-6)
    np.testing.assert_allclose(wrong["correlation"], 1, rtol=1e-6)
    expected = np.sqrt(((3 - 0.5 * truth.to_numpy(dtype=float)) ** 2).mean(axis=0))
    np.testing.assert_allclose(wrong["rmse"], expected, rtol=1e-6)
