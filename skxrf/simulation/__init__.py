"""The forward model: layer stacks, the beam, and what the detector counts."""

from ._bound import cramer_rao_bound
from ._forward import AxisError, ForwardModel, Photons
from ._instrument import Instrument
from ._layers import Layer, stack_arrays
from ._materials import Material, material, materials
from ._palettes import Palette, palette, palettes
from ._rendering import Renderer, simulate_batches
from ._stacks import StackRanges, random_stacks

__all__ = [
    "AxisError",
    "ForwardModel",
    "Instrument",
    "Layer",
    "Material",
    "Palette",
    "Photons",
    "Renderer",
    "StackRanges",
    "cramer_rao_bound",
    "material",
    "materials",
    "palette",
    "palettes",
    "random_stacks",
    "simulate_batches",
    "stack_arrays",
]
