import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity
from sklearn.model_selection import KFold

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.metrics import ssim_score
from skxrf.samples import to_maps, to_samples

ELEMENTS = ["Ca_K", "Fe_K", "Pb_L"]


def reference_maps(n_y=17, n_x=23, *, seed=0, elements=ELEMENTS, dtype=np.float64):
    """Smooth maps of different brightness with photon noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:n_y, :n_x]
    brightness = np.geomspace(20, 5000, len(elements))
    shapes = [1.2 + np.sin(y / (3 + k)) * np.cos(x / (4 + k)) for k in range(len(elements))]
    counts = rng.poisson(np.stack(shapes, axis=-1) * brightness).astype(dtype)
    return xr.DataArray(counts, dims=("y", "x", "element"), coords={"element": elements})


def predicted_maps(truth, *, seed=1):
    noise = np.random.default_rng(seed).normal(0, 1.5, truth.shape)
    return (truth + noise * np.sqrt(truth + 1)).astype(np.float64)


def reference_ssim(truth, prediction, win_size=7):
    """scikit-image's SSIM of each element."""
    return np.array(
        [
            structural_similarity(t, p, win_size=win_size, data_range=np.ptp(t))
            for t, p in zip(
                np.moveaxis(truth.to_numpy().astype(float), -1, 0),
                np.moveaxis(prediction.to_numpy().astype(float), -1, 0),
                strict=True,
            )
        ]
    )


def ssim_by_definition(truth, prediction, present, *, win_size=7, min_present=3):
    """The masked SSIM of one element, window by window."""
    data_range = np.ptp(truth[present])
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    values = []
    for i in range(truth.shape[0] - win_size + 1):
        for j in range(truth.shape[1] - win_size + 1):
            window = np.s_[i : i + win_size, j : j + win_size]
            x, y = truth[window][present[window]], prediction[window][present[window]]
            if x.size < min_present:
                continue
            (vx, cov), (_, vy) = np.cov(x, y)
            ux, uy = x.mean(), y.mean()
            values.append(
                (2 * ux * uy + c1) * (2 * cov + c2) / ((ux**2 + uy**2 + c1) * (vx + vy + c2))
            )
    return np.mean(values)


@pytest.mark.parametrize("win_size", [3, 7, 11, 17])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint16])
def test_full_maps_score_as_scikit_image_does(win_size, dtype):
    truth = reference_maps(dtype=dtype)
    prediction = predicted_maps(truth)
    expected = reference_ssim(truth, prediction, win_size)
    raw = ssim_score(truth, prediction, win_size=win_size, multioutput="raw_values")
    np.testing.assert_allclose(raw, expected, rtol=0, atol=1e-12)
    score = ssim_score(truth, prediction, win_size=win_size)
    assert isinstance(score, float)
    assert score == pytest.approx(expected.mean(), abs=1e-12)


def test_full_table_scores_as_its_maps_in_any_row_order():
    truth = {"a": reference_maps(), "b": reference_maps(9, 12, seed=5)}
    prediction = {name: predicted_maps(maps) for name, maps in truth.items()}
    expected = np.mean([reference_ssim(truth[name], prediction[name]) for name in truth], axis=0)
    table, predicted = to_samples(truth), to_samples(prediction)
    order = np.random.default_rng(0).permutation(len(table))
    for y_true, y_pred in [
        (truth, prediction),
        (table, predicted),
        (table, predicted.to_numpy()),
        (table, predicted.iloc[order]),
        (table.iloc[order], predicted),
        (table.iloc[order], predicted.to_numpy()[order]),
        (table, prediction),
        (truth, predicted),
    ]:
        raw = ssim_score(y_true, y_pred, multioutput="raw_values")
        np.testing.assert_allclose(raw, expected, rtol=0, atol=1e-12)


def test_line_groups_are_matched_by_name():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    backwards = prediction.isel(element=[2, 1, 0])
    expected = reference_ssim(truth, prediction)
    for y_true, y_pred in [
        (truth, backwards),
        (to_samples(truth), to_samples(backwards)),
        (to_samples(truth), to_samples(backwards).reset_index(drop=True)),
        ({"a": truth, "b": truth[..., ::-1]}, {"a": backwards, "b": prediction}),
    ]:
        raw = ssim_score(y_true, y_pred, multioutput="raw_values")
        np.testing.assert_allclose(raw, expected, rtol=0, atol=1e-12)


def test_one_element_alone():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    expected = reference_ssim(truth, prediction)[1]
    table, predicted = to_samples(truth)["Fe_K"], to_samples(prediction)["Fe_K"]
    for y_true, y_pred in [
        (truth.sel(element="Fe_K"), prediction.sel(element="Fe_K")),
        (truth.sel(element=["Fe_K"]), prediction.sel(element=["Fe_K"])),
        (table, predicted.to_numpy()),
        (table, predicted.to_numpy()[:, None]),
        (table.to_frame(), predicted.to_numpy()),
        (table, predicted),
    ]:
        assert ssim_score(y_true, y_pred) == pytest.approx(expected, abs=1e-12)


def test_dims_in_another_order():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    expected = ssim_score(truth, prediction)
    assert ssim_score(truth.transpose("element", "x", "y"), prediction) == expected
    assert ssim_score(truth, prediction.transpose("x", "y", "element")) == expected


def test_lazy_maps():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    assert ssim_score(truth, prediction.chunk(y=5)) == ssim_score(truth, prediction)


def test_samples_in_a_data_array():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    table = to_samples(truth)
    coords = xr.Coordinates.from_pandas_multiindex(table.index, "sample")
    y_true = xr.DataArray(table.to_numpy(), dims=("sample", "element"), coords=coords)
    y_true = y_true.assign_coords(element=ELEMENTS)
    score = ssim_score(y_true, to_samples(prediction))
    assert score == pytest.approx(ssim_score(truth, prediction), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(7, 13),
    st.integers(7, 13),
    st.floats(0.05, 1.0),
    st.sampled_from([3, 5, 7]),
    st.integers(2, 9),
    st.integers(0, 2**32 - 1),
)
def test_masked_ssim_is_what_its_definition_says(n_y, n_x, share, win_size, min_present, seed):
    rng = np.random.default_rng(seed)
    truth = reference_maps(n_y, n_x, seed=seed, elements=["Fe_K"])
    prediction = predicted_maps(truth, seed=seed)
    present = rng.random((n_y, n_x)) < share
    present[0, 0] = present[-1, -1] = True  # the table's map is then as large as this one
    counts = np.lib.stride_tricks.sliding_window_view(present, (win_size, win_size)).sum((2, 3))
    missing = truth.where(present[..., None])
    options = {"win_size": win_size, "min_present": min_present}
    if not (counts >= min_present).any() or present.sum() < 2:
        with pytest.raises(SkxrfError, match="no window"):
            ssim_score(missing, prediction, **options)
        return
    expected = ssim_by_definition(
        truth.to_numpy()[..., 0], prediction.to_numpy()[..., 0], present, **options
    )
    rows = to_samples(truth)[present.ravel()]
    for y_true, y_pred in [
        (missing, prediction),
        (truth, prediction.where(present[..., None])),
        (rows, to_samples(prediction).to_numpy()[present.ravel()]),
    ]:
        assert ssim_score(y_true, y_pred, **options) == pytest.approx(expected, abs=1e-9)


def test_missing_pixels_may_differ_between_elements():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    present = np.random.default_rng(3).random(truth.shape) < 0.4
    raw = ssim_score(truth.where(present), prediction, multioutput="raw_values")
    for k in range(3):
        expected = ssim_by_definition(
            truth.to_numpy()[..., k], prediction.to_numpy()[..., k], present[..., k]
        )
        assert raw[k] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n_splits", [2, 5, 10])
def test_every_fold_is_scored_and_near_the_whole(n_splits, shuffle):
    truth = reference_maps(40, 50)
    prediction = predicted_maps(truth)
    table, predicted = to_samples(truth), to_samples(prediction).to_numpy()
    folds = KFold(n_splits, shuffle=shuffle, random_state=0 if shuffle else None).split(table)
    # The range of the whole painting makes the folds comparable with it.
    ranges = np.ptp(table.to_numpy(), axis=0)
    scores = [ssim_score(table.iloc[fold], predicted[fold], data_range=ranges) for _, fold in folds]
    # Few pixels in a window make the score pessimistic (docs), by 0.03 at ten folds here.
    assert np.mean(scores) == pytest.approx(ssim_score(table, predicted), abs=0.04)


def test_fold_narrower_than_the_window():
    truth = reference_maps(40, 50)
    prediction = predicted_maps(truth)
    strip = to_samples(truth).iloc[: 4 * 50]
    score = ssim_score(strip, to_samples(prediction).to_numpy()[: 4 * 50])
    tall = truth[:7].where(np.arange(7)[:, None, None] < 4)
    assert score == pytest.approx(ssim_score(tall, prediction[:7]), abs=1e-12)


def test_map_without_a_window_is_left_out():
    truth = {"a": reference_maps(), "b": reference_maps(seed=4)}
    prediction = {name: predicted_maps(maps) for name, maps in truth.items()}
    table, predicted = to_samples(truth), to_samples(prediction)
    # What an unshuffled fold over stacked paintings may hold: the last two pixels of the first.
    end = len(table) // 2 - 2
    score = ssim_score(table.iloc[end:], predicted.to_numpy()[end:])
    assert score == pytest.approx(ssim_score(truth["b"], prediction["b"]), abs=1e-12)


def test_bright_map_keeps_its_digits():
    truth = reference_maps(12, 12, elements=["Fe_K"]) + 1e7
    prediction = predicted_maps(reference_maps(12, 12, elements=["Fe_K"])) + 1e7
    present = np.random.default_rng(0).random((12, 12)) < 0.5
    expected = ssim_by_definition(truth.to_numpy()[..., 0], prediction.to_numpy()[..., 0], present)
    score = ssim_score(truth.where(present[..., None]), prediction)
    assert score == pytest.approx(expected, abs=1e-8)


def test_bright_prediction_of_a_dark_element_stays_within_bounds():
    # A fold may hold next to nothing of an element, and the prediction may be bright elsewhere.
    rng = np.random.default_rng(0)
    truth = np.exp(rng.normal(-80, 1, (20, 30)))
    prediction = np.zeros((20, 30))
    prediction[2:5, 3:9] = rng.uniform(1e3, 1e4, (3, 6))
    maps = [xr.DataArray(values, dims=("y", "x")) for values in (truth, prediction)]
    expected = ssim_by_definition(truth, prediction, np.ones((20, 30), bool))
    assert ssim_score(*maps) == pytest.approx(expected, abs=1e-9)


@given(
    st.integers(-12, 12),
    st.integers(-12, 12),
    st.floats(-30, 30),
    st.floats(0.1, 1.0),
    st.integers(0, 2**32 - 1),
)
def test_never_beyond_one(truth_scale, prediction_scale, offset, share, seed):
    rng = np.random.default_rng(seed)
    truth, prediction = (
        xr.DataArray(10.0**scale * rng.exponential(size=(9, 9)) ** 5, dims=("y", "x"))
        for scale in (truth_scale, prediction_scale)
    )
    present = xr.DataArray(rng.random((9, 9)) < share, dims=("y", "x"))
    present[:3, :3] = True
    score = ssim_score(truth.where(present), prediction + offset)
    assert -1 <= score <= 1


def test_perfect_is_one_and_scale_does_not_matter():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    present = np.random.default_rng(3).random(truth.shape[:2]) < 0.2
    missing = truth.where(present[..., None])
    assert ssim_score(missing, truth) == pytest.approx(1.0, abs=1e-12)
    assert ssim_score(1000 * missing, 1000 * prediction) == pytest.approx(
        ssim_score(missing, prediction), abs=1e-9
    )


@pytest.mark.parametrize("noise", [0.0, 1e-15])
def test_constant_element_is_left_out(noise):
    truth = reference_maps()
    truth.loc[{"element": "Fe_K"}] = 3.3 + noise * (np.arange(23)[None] % 3)
    prediction = predicted_maps(truth)
    raw = ssim_score(truth, prediction, multioutput="raw_values")
    assert np.isnan(raw[1])
    expected = reference_ssim(truth[..., [0, 2]], prediction[..., [0, 2]])
    np.testing.assert_allclose(raw[[0, 2]], expected, atol=1e-12)
    assert ssim_score(truth, prediction) == pytest.approx(expected.mean(), abs=1e-12)
    # Where another map has structure, that one counts; and with a range, so does a flat one.
    both = {"a": truth, "b": reference_maps(seed=2)}
    raw = ssim_score(both, {"a": prediction, "b": both["b"]}, multioutput="raw_values")
    assert raw[1] == pytest.approx(1.0)
    assert np.isfinite(ssim_score(truth, prediction, data_range=9, multioutput="raw_values")).all()


def test_given_data_range_is_used():
    truth = reference_maps()
    prediction = predicted_maps(truth)
    expected = [
        structural_similarity(
            truth.to_numpy()[..., k], prediction.to_numpy()[..., k], data_range=data_range
        )
        for k, data_range in enumerate([50.0, 500.0, 9000.0])
    ]
    raw = ssim_score(truth, prediction, data_range=[50.0, 500.0, 9000.0], multioutput="raw_values")
    np.testing.assert_allclose(raw, expected, atol=1e-12)


def errors():
    truth = reference_maps()
    table = to_samples(truth)
    infinite = truth.copy()
    infinite[2, 3, 1] = np.inf
    few = table.iloc[[0, 1]]
    yield truth, truth[..., :2], {}, "Ca_K, Fe_K, Pb_L.*Ca_K, Fe_K: they"
    yield table, table[["Ca_K", "Fe_K"]], {}, "line groups"
    yield table, table.to_numpy()[:-2], {}, r"\(391, 3\).*\(389, 3\)"
    yield table, table.to_numpy()[:, :2], {}, r"\(391, 3\).*\(391, 2\)"
    yield {}, {}, {}, "no painting"
    yield {"a": truth, "b": truth[..., :2]}, {"a": truth, "b": truth[..., :2]}, {}, "'b'"
    yield table.to_numpy(), table.to_numpy(), {}, "no pixel coordinates in a ndarray"
    yield table.reset_index(drop=True), table.to_numpy(), {}, "no pixel coordinates"
    yield truth, truth, {"win_size": 1}, "at least 3"
    yield truth, truth, {"min_present": 1}, "from 2 to .* 49"
    yield truth, truth, {"data_range": [1.0, 2.0]}, "data_range"
    yield truth, truth, {"multioutput": "variance_weighted"}, "raw_values"
    yield truth, infinite, {}, "y_pred holds 1 infinite"
    yield few, few, {}, "2 pixels in 1 x 2"
    yield (
        truth.assign_coords(y=np.arange(17)),
        truth.assign_coords(y=np.arange(17) + 4),
        {},
        "from 0 to 16 in y_true and from 4 to 20",
    )


@pytest.mark.parametrize(("y_true", "y_pred", "options", "message"), list(errors()))
def test_errors_say_what_was_found(y_true, y_pred, options, message):
    with pytest.raises(SkxrfError, match=message):
        ssim_score(y_true, y_pred, **options)


def test_wrong_line_groups_have_their_own_error():
    truth = reference_maps()
    with pytest.raises(LineGroupError):
        ssim_score(truth, truth.assign_coords(element=["Ca_K", "Fe_K", "S_K"]))


def test_millimetres_of_the_cube_do_not_hinder_pixels_of_the_table():
    truth = reference_maps()
    in_mm = truth.assign_coords(y=0.58 * np.arange(17), x=0.58 * np.arange(23))
    assert ssim_score(in_mm, to_maps(to_samples(truth))) == pytest.approx(1.0)
    nearly = in_mm.assign_coords(y=in_mm.y + 1e-6)
    assert ssim_score(in_mm, nearly) == pytest.approx(1.0)


def test_columns_without_names_are_matched_by_position():
    table = to_samples(reference_maps())
    prediction = pd.DataFrame(table.to_numpy())
    assert ssim_score(table, prediction) == pytest.approx(1.0)


def test_several_maps_without_names_are_scored_by_position():
    truth = {name: reference_maps(seed=k).drop_vars("element") for k, name in enumerate("ab")}
    prediction = {name: predicted_maps(maps) for name, maps in truth.items()}
    raw = ssim_score(truth, prediction, multioutput="raw_values")
    each = [ssim_score(truth[name], prediction[name], multioutput="raw_values") for name in "ab"]
    np.testing.assert_allclose(raw, np.mean(each, axis=0))
    different = {"a": truth["a"], "b": truth["b"][..., :2]}
    with pytest.raises(
        LineGroupError, match=r"^painting 'b' has 2 line groups, the first 3: score them apart\.$"
    ):
        ssim_score(different, different)


def messages():
    truth = reference_maps()
    table, both = to_samples(truth), (truth, truth)
    named, same = {"a": truth}, "they must be the same."
    shapes = "the shape (17, 23, 3), y_pred has (16, 23, 3)"
    yield truth, truth[:-1], {}, f"y_true has {shapes}: {same}"
    yield (
        truth,
        named,
        {},
        "y_true is one painting, y_pred a mapping: pass both by name, or both alone.",
    )
    yield (
        named,
        truth,
        {},
        "y_true holds the paintings a, but y_pred is a DataArray: pass a mapping of the same names.",
    )
    yield named, {"b": truth}, {}, f"y_true holds the paintings a, y_pred holds b: {same}"
    two = to_samples({"a": truth, "b": truth})
    yield truth, two, {}, "y_true is one painting, y_pred holds a, b."
    yield (
        truth,
        truth.rename(element="line"),
        {},
        (
            "y_true has the dims ('y', 'x', 'element'), y_pred has ('y', 'x', 'line'): they must be the "
            "same."
        ),
    )
    yield (
        table,
        table.iloc[:-2],
        {},
        (
            "y_true has 391 pixels, y_pred 389, and 2 of the first are not among the second: pass the "
            "same pixels."
        ),
    )
    other = truth.assign_coords(element=["Ca_K", "Fe_K", "S_K"])
    groups = "the line groups Ca_K, Fe_K, Pb_L, y_pred has Ca_K, Fe_K, S_K"
    yield truth, other, {}, f"expected {groups}: {same}"
    yield (
        truth[:6],
        truth[:6],
        {},
        (
            "the map has 6 x 23 pixels, fewer than the window of 7 x 7: pass a smaller win_size (odd, at "
            "least 3)."
        ),
    )
    yield (
        truth.where(False),
        truth,
        {},
        (
            "no window of 7 x 7 holds 3 present pixels (0 pixels in 17 x 23): use fewer folds, score the "
            "maps that cross_val_predict gives, or lower min_present."
        ),
    )
    yield (
        xr.full_like(truth, 2.0),
        truth,
        {},
        (
            "every element of the reference is constant over the present pixels: it has no structure to "
            "compare. Leave these maps out, or pass data_range."
        ),
    )
    yield truth, truth, {"win_size": 4}, "win_size must be an odd integer of at least 3, got 4."
    yield (
        *both,
        {"min_present": 50},
        "min_present must be an integer from 2 to win_size ** 2 = 49, got 50.",
    )
    yield (
        *both,
        {"data_range": 0.0},
        "data_range must be one positive number or 3, one for each element, got 0.0.",
    )
    yield (
        truth.to_dataset(name="intensity"),
        truth,
        {},
        "got a Dataset for maps: pass one of its variables, such as maps['intensity'].",
    )
    yield (
        truth.where(truth["element"] != "Ca_K", np.inf),
        truth,
        {},
        "y_true holds 391 infinite values: expected finite ones (NaN: missing).",
    )
    failed = table.to_numpy().copy()
    failed[3] = np.nan
    yield table, failed, {}, "y_pred holds 3 NaN values: the model failed on these pixels."


@pytest.mark.parametrize(("y_true", "y_pred", "options", "message"), list(messages()))
def test_messages_to_the_letter(y_true, y_pred, options, message):
    with pytest.raises(SkxrfError) as caught:
        ssim_score(y_true, y_pred, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(("win_size", "min_present"), [(3, 2), (3, 9), (5, 25), (9, 2)])
def test_limits_of_the_options_are_allowed(win_size, min_present):
    truth = reference_maps()
    present = np.random.default_rng(1).random(truth.shape[:2]) < 0.97
    missing, prediction = truth.where(present[..., None]), predicted_maps(truth)
    raw = ssim_score(
        missing, prediction, win_size=win_size, min_present=min_present, multioutput="raw_values"
    )
    for k in range(3):
        expected = ssim_by_definition(
            truth.to_numpy()[..., k],
            prediction.to_numpy()[..., k],
            present,
            win_size=win_size,
            min_present=min_present,
        )
        assert raw[k] == pytest.approx(expected, abs=1e-9)
