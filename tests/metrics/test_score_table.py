import numpy as np
import pandas as pd

from skxrf.metrics import score_table
from skxrf.samples import to_samples


def test_tables_of_samples_are_scored_as_their_maps_are(tiny_paintings):
    _, maps = tiny_paintings
    truth = maps["icon"]
    found = 1.2 * truth + 3
    table = score_table(to_samples(truth), to_samples(found).iloc[::-1])
    pd.testing.assert_frame_equal(table, score_table(truth, found))


def test_maps_smaller_than_the_window_of_ssim_have_the_other_scores(tiny_paintings):
    _, maps = tiny_paintings
    truth = maps["icon"].isel(y=slice(5), x=slice(5))
    table = score_table(truth, truth + 1)
    assert table["ssim"].isna().all()
    np.testing.assert_allclose(table["bias"], 1)
