"""Forward model: layer stacks, the beam, and the counts of the detector."""

from ._bound import cramer_rao_bound
from ._forward import ForwardModel
from ._instrument import Instrument
from ._layers import Layer, stack_arrays, stack_elements
from ._materials import Material, material, materials
from ._optics import Absorber, Gas, Polycapillary
from ._stacks import StackRanges, random_stacks
from .paintings._palettes import Palette, palette, palettes
from .paintings._plan import PaintingPlan
from .paintings._scan import painting_scan, simulate_painting

__all__ = [
    "Absorber",
    "ForwardModel",
    "Gas",
    "Instrument",
    "Layer",
    "Material",
    "PaintingPlan",
    "Palette",
    "Polycapillary",
    "StackRanges",
    "cramer_rao_bound",
    "material",
    "materials",
    "painting_scan",
    "palette",
    "palettes",
    "random_stacks",
    "simulate_painting",
    "stack_arrays",
    "stack_elements",
]
