"""What the processor computes fast."""

from __future__ import annotations

import torch
from torch import Tensor


def has_bfloat16() -> bool:
    """Check whether the CPU has instructions for products of bfloat16 numbers."""
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def bfloat16_product(left: Tensor, right: Tensor) -> Tensor:
    """Multiply matrices of bfloat16 numbers, with sums in single precision.

    Without instructions for them, torch converts number by number, several times slower than in
    single precision, which holds the products exactly.

    `left` (n, k), `right` (k, m), bfloat16. Returns (n, m), bfloat16.
    """
    if has_bfloat16():
        return left @ right
    return (left.float() @ right.float()).bfloat16()
