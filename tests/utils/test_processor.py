"""Products of bfloat16 numbers, with and without instructions for them."""

import pytest
import torch

from skxrf.utils import processor


def test_processor_is_asked():
    names = ("avx512_bf16", "amx_bf16")
    found = torch.cpu.get_capabilities()
    assert processor.has_bfloat16() == any(found.get(name, False) for name in names)


@pytest.mark.parametrize("there", [True, False])
def test_product_is_the_rounded_one_of_rounded_factors(there, monkeypatch):
    monkeypatch.setattr(processor, "has_bfloat16", lambda: there)
    draw = torch.Generator().manual_seed(0)
    left, right = (torch.rand(shape, generator=draw).bfloat16() for shape in ((7, 300), (300, 5)))
    found = processor.bfloat16_product(left, right)
    assert found.dtype == torch.bfloat16
    # Sums in single precision: exact but for the rounding of the result to 8 bits.
    torch.testing.assert_close(found.double(), left.double() @ right.double(), rtol=2**-8, atol=0)
