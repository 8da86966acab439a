"""Products of matrices in bfloat16, for processors that multiply these many times faster."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from skxrf.utils.typing import Float32Array

__all__ = ["multiplier", "single_threaded_openmp"]


def multiplier(weights: Float32Array, *, rounded: bool) -> Callable[[Float32Array], Float32Array]:
    """Return the function that multiplies rows by a matrix, transposed.

    `weights` (m, k), float32: the matrix. `rounded`: whether both factors and the product are
    rounded to the 8 bits of bfloat16; the sums are in single precision in any case. Returns a
    function from (n, k) to (n, m), float32.
    """
    if not rounded:
        return lambda rows: rows @ weights.T
    import torch

    from skxrf.utils.processor import bfloat16_product

    factor = torch.from_numpy(weights).bfloat16().T

    def multiply(rows: Float32Array) -> Float32Array:
        product = bfloat16_product(torch.from_numpy(rows).bfloat16(), factor)
        return np.asarray(product.float().numpy())

    return multiply


@contextmanager
def single_threaded_openmp() -> Iterator[None]:
    """Limit torch's products to the calling thread inside the block."""
    import torch

    # torch sets its number of threads once in each thread, when it is first asked.
    torch.get_num_threads()
    with _controller().limit(limits=1, user_api="openmp"):
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    # Looking for the loaded libraries takes as long as predicting a hundred spectra.
    return ThreadpoolController()
