"""The forward model: layer stacks, the beam, and what the detector counts."""

from ._bound import cramer_rao_bound
from ._forward import AxisError, ForwardModel, Photons
from ._instrument import Instrument
from ._layers import Layer, stack_arrays, stack_elements
from ._materials import Material, material, materials
from ._optics import AIR, HELIUM, Absorber, Gas, Polycapillary
from ._painting import DEFAULT_LINE_GROUPS, PaintingScan, painting_scan, simulate_painting
from ._painting_plan import PaintingPlan
from ._palettes import Palette, palette, palettes
from ._rendering import Renderer, simulate_batches
from ._stacks import StackRanges, random_stacks

__all__ = [
    "AIR",
    "DEFAULT_LINE_GROUPS",
    "HELIUM",
    "Absorber",
    "AxisError",
    "ForwardModel",
    "Gas",
    "Instrument",
    "Layer",
    "Material",
    "PaintingPlan",
    "PaintingScan",
    "Palette",
    "Photons",
    "Polycapillary",
    "Renderer",
    "StackRanges",
    "cramer_rao_bound",
    "material",
    "materials",
    "painting_scan",
    "palette",
    "palettes",
    "random_stacks",
    "simulate_batches",
    "simulate_painting",
    "stack_arrays",
    "stack_elements",
]
