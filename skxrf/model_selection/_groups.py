"""Group labels that keep whole paintings, or whole blocks of pixels, out of the training set."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skxrf.exceptions import SkxrfError
from skxrf.samples import sample_index


def painting_groups(Y: Any) -> NDArray[np.intp]:
    """One group a painting: ``groups=`` for :class:`sklearn.model_selection.GroupKFold`.

    Parameters
    ----------
    Y : DataFrame, Series, DataArray of dims (sample, ·), or MultiIndex
        Samples over the index ``(painting, y, x)``.

    Returns
    -------
    ndarray of shape (n_samples,), int
        Number of the painting of each sample, 0 to n_paintings - 1 in order of appearance.

    Raises
    ------
    SkxrfError
        If there is no such index.

    See Also
    --------
    block_groups : Blocks of one painting.

    Examples
    --------
    >>> import pandas as pd
    >>> from skxrf.model_selection import painting_groups
    >>> index = pd.MultiIndex.from_product([["icon", "panel"], [0], [0, 1]],
    ...                                    names=["painting", "y", "x"])
    >>> painting_groups(index)
    array([0, 0, 1, 1])
    """
    return pd.factorize(sample_index(Y).get_level_values("painting"))[0]


def block_groups(
    Y: Any,
    *,
    block_shape: int | tuple[int, int] | None = None,
    n_blocks: int | tuple[int, int] | None = None,
) -> NDArray[np.intp]:
    """One group a rectangular block of pixels; no block is part of two paintings.

    Neighboring pixels see the same paint, so a model that is scored on the neighbors of its
    training pixels may pass by remembering. Whole blocks held out leave only their borders.

    Parameters
    ----------
    Y : DataFrame, Series, DataArray of dims (sample, ·), or MultiIndex
        Samples over the index ``(painting, y, x)``.
    block_shape : int or pair of int, optional
        Rows and columns of a block [pixels]; one number means a square. The blocks at the
        lower and right border may be smaller.
    n_blocks : int or pair of int, optional
        Instead, the number of blocks of each painting along y and along x, one number means
        the same along both: all of nearly one size. A painting of fewer rows or columns has
        one block for each.

    Returns
    -------
    ndarray of shape (n_samples,), int
        Number of the block of each sample, 0 to n_groups - 1: painting by painting in order
        of appearance, row-major in each. Blocks without any sample have no number.

    Raises
    ------
    SkxrfError
        If there is no such index, not exactly one of `block_shape` and `n_blocks` is given, or
        it is not positive.

    See Also
    --------
    painting_groups : Whole paintings.

    Notes
    -----
    Blocks are counted from the first row and column that `Y` holds of the painting.
    ``GroupKFold`` puts several of them, which need not touch, into a fold.
    :func:`skxrf.metrics.ssim_score` then sees a map with holes and scores it by the masked
    SSIM: windows at the border of a block count with the pixels that they have. Blocks should
    be larger than its window of 7 x 7 pixels, or most windows will be such.

    Examples
    --------
    >>> import pandas as pd
    >>> from skxrf.model_selection import block_groups
    >>> index = pd.MultiIndex.from_product([["icon"], range(3), range(4)],
    ...                                    names=["painting", "y", "x"])
    >>> block_groups(index, block_shape=2).reshape(3, 4)
    array([[0, 0, 1, 1],
           [0, 0, 1, 1],
           [2, 2, 3, 3]])
    >>> block_groups(index, n_blocks=(1, 2)).reshape(3, 4)
    array([[0, 0, 1, 1],
           [0, 0, 1, 1],
           [0, 0, 1, 1]])
    """
    if (block_shape is None) == (n_blocks is None):
        raise SkxrfError(
            f"pass block_shape or n_blocks, one of the two: got {block_shape!r} and {n_blocks!r}."
        )
    index = sample_index(Y)
    painting = pd.factorize(index.get_level_values("painting"))[0]
    blocks = [painting]
    if block_shape is not None:
        for dim, size in zip(("y", "x"), _pair(block_shape, "block_shape"), strict=True):
            position, _ = _positions(index, dim, painting)
            blocks.append(position // size)
    else:
        for dim, number in zip(("y", "x"), _pair(n_blocks, "n_blocks"), strict=True):
            position, extent = _positions(index, dim, painting)
            blocks.append(position * np.minimum(number, extent) // extent)
    return np.unique(np.column_stack(blocks), axis=0, return_inverse=True)[1].reshape(-1)


def _pair(value: Any, name: str) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, Integral) else tuple(value)
    if len(pair) != 2 or not all(isinstance(v, Integral) and int(v) >= 1 for v in pair):
        raise SkxrfError(f"{name} must be a positive integer or a pair of them, got {value!r}.")
    return int(pair[0]), int(pair[1])


def _positions(
    index: pd.MultiIndex, dim: str, painting: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Position of each sample from its painting's first, and the painting's extent [pixels]."""
    position = index.get_level_values(dim).to_numpy()
    if not np.issubdtype(position.dtype, np.integer):
        raise SkxrfError(
            f"index level {dim!r} holds {position.dtype} values: it must hold the integer row or "
            "column (millimeters stay coordinates of the cube)."
        )
    within = pd.Series(position).groupby(painting)
    first, last = within.transform("min").to_numpy(), within.transform("max").to_numpy()
    return position - first, last - first + 1
