"""The forward model: layer stacks, the beam, and what the detector counts."""

from ._bound import cramer_rao_bound
from ._instrument import Instrument

__all__ = ["Instrument", "cramer_rao_bound"]
