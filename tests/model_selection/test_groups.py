import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from skxrf.exceptions import SkxrfError
from skxrf.model_selection import block_groups, painting_groups
from skxrf.samples import to_samples


def pixel_index(**shapes):
    parts = [
        pd.MultiIndex.from_product([[name], range(n_y), range(n_x)], names=["painting", "y", "x"])
        for name, (n_y, n_x) in shapes.items()
    ]
    return parts[0].append(parts[1:])


def test_one_group_a_painting_in_order_of_appearance(tiny_paintings, tiny_samples):
    cubes, _ = tiny_paintings
    _, Y = tiny_samples
    groups = painting_groups(Y)
    assert groups.tolist() == np.repeat([0, 1, 2], [15 * 18, 12 * 20, 14 * 14]).tolist()
    for same in (Y["Fe_K"], Y.index, to_samples(cubes)):
        np.testing.assert_array_equal(painting_groups(same), groups)
    assert painting_groups(Y.iloc[::-1])[0] == 0


def test_groups_split_by_painting(tiny_samples):
    X, Y = tiny_samples
    for train, test in LeaveOneGroupOut().split(X, Y, painting_groups(Y)):
        names = [set(Y.iloc[rows].index.get_level_values("painting")) for rows in (train, test)]
        assert len(names[1]) == 1
        assert not names[0] & names[1]


@given(
    st.dictionaries(
        st.sampled_from("abc"), st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1
    ),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.sampled_from(["block_shape", "n_blocks"]),
    st.randoms(use_true_random=False),
)
def test_groups_are_rectangles_within_paintings_in_any_row_order(shapes, pair, how, random):
    index = pixel_index(**shapes)
    order = list(range(len(index)))
    random.shuffle(order)
    index = index[order]
    groups = block_groups(index, **{how: pair})
    assert set(groups) == set(range(groups.max() + 1))
    frame = index.to_frame(index=False)
    for _, block in frame.groupby(groups):
        assert block["painting"].nunique() == 1
        height, width = (int(np.ptp(block[dim])) + 1 for dim in ("y", "x"))
        assert len(block) == height * width  # no holes, nothing of another block
        if how == "block_shape":
            assert height <= pair[0]
            assert width <= pair[1]
    n_groups = 0
    for n_y, n_x in shapes.values():
        if how == "block_shape":
            n_groups += -(-n_y // pair[0]) * -(-n_x // pair[1])
        else:
            n_groups += min(n_y, pair[0]) * min(n_x, pair[1])
    assert groups.max() + 1 == n_groups


def test_blocks_of_nearly_one_size():
    groups = block_groups(pixel_index(a=(10, 11)), n_blocks=(3, 4)).reshape(10, 11)
    heights, widths = (np.unique(line, return_counts=True)[1] for line in (groups[:, 0], groups[0]))
    assert np.ptp(heights) <= 1
    assert np.ptp(widths) <= 1


def test_one_number_means_both_directions():
    index = pixel_index(a=(10, 11), b=(7, 3))
    for how in ("block_shape", "n_blocks"):
        np.testing.assert_array_equal(
            block_groups(index, **{how: 3}), block_groups(index, **{how: (3, 3)})
        )


def test_blocks_start_at_the_first_pixel_that_is_there():
    index = pixel_index(a=(12, 12))
    part = index[index.get_level_values("y") >= 5]
    groups = block_groups(part, block_shape=(4, 12))
    assert np.bincount(groups).tolist() == [4 * 12, 3 * 12]
    assert block_groups(part, n_blocks=(7, 1)).max() == 6


def test_blocks_are_numbered_row_major():
    groups = block_groups(pixel_index(b=(4, 4), a=(2, 2)), block_shape=2)
    assert groups[:16].reshape(4, 4)[::2, ::2].tolist() == [[0, 1], [2, 3]]
    assert groups[16:].tolist() == [4] * 4


def test_blocks_stay_together_in_group_k_fold(tiny_samples):
    X, Y = tiny_samples
    groups = block_groups(Y, block_shape=(5, 6))
    for train, test in GroupKFold(4).split(X, Y, groups):
        assert not set(groups[train]) & set(groups[test])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the two"),
        ({"block_shape": 2, "n_blocks": 2}, "one of the two"),
        ({"block_shape": 0}, "positive"),
        ({"block_shape": (3, 2.5)}, "positive"),
        ({"n_blocks": (1, 2, 3)}, "pair"),
    ],
)
def test_bad_blocks(options, message):
    with pytest.raises(SkxrfError, match=message):
        block_groups(pixel_index(a=(3, 3)), **options)


def test_no_pixels_no_groups():
    for call in (painting_groups, lambda Y: block_groups(Y, block_shape=2)):
        with pytest.raises(SkxrfError, match="no pixel coordinates in a ndarray"):
            call(np.zeros((3, 2)))
    in_mm = pd.MultiIndex.from_product([["a"], [0.5, 1.0], [0, 1]], names=["painting", "y", "x"])
    with pytest.raises(SkxrfError, match="'y' holds float64"):
        block_groups(in_mm, block_shape=2)
