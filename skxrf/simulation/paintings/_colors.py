"""Approximate colors of mixtures and layers, for pictures of paintings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.simulation._materials import material
from skxrf.utils.typing import Array

# Thickness [um] of a layer that hides 63 % of what is below it, by kind of material (assumed).
_HIDING_UM = {
    "pigment": 4.0,
    "lake": 10.0,
    "metal": 0.12,
    "ground": 40.0,
    "binder": 2000.0,
    "varnish": 2000.0,
    "support": 100.0,
}


def mixture_color(mixture: Mapping[str, float]) -> Array:
    """Linear RGB of a thick layer of a mixture.

    `mixture`: shares of materials by weight; binders and varnishes count only where there is
    nothing else. Returns (3,): reflectance of red, green and blue.

    Notes
    -----
    Kubelka & Munk 1931, Z. techn. Phys. 12, 593: absorption over scattering of a mixture is the
    mean of its parts', here by volume.
    """
    found = {name: share for name, share in mixture.items() if _colors(name)} or dict(mixture)
    volumes = np.array([share / material(name).density for name, share in found.items()])
    reflectances = np.array([linear_color(material(name).rgb) for name in found]).clip(0.005, 0.97)
    ratio = (1 - reflectances) ** 2 / (2 * reflectances)
    mean = volumes @ ratio / volumes.sum()
    return np.asarray(1 + mean - np.sqrt(mean**2 + 2 * mean))


def hiding_thickness(mixture: Mapping[str, float]) -> float:
    """Thickness [um] of a mixture (shares by weight) that hides 63 % of what is below."""
    volumes = {name: share / material(name).density for name, share in mixture.items()}
    total = sum(volumes.values())
    per_um = sum(v / total / _HIDING_UM[material(name).kind] for name, v in volumes.items())
    return 1 / per_um


def linear_color(srgb: ArrayLike) -> Array:
    """Linear RGB from sRGB values from 0 to 1 (IEC 61966-2-1)."""
    values = np.asarray(srgb, dtype=float)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Array) -> NDArray[np.uint8]:
    """SRGB values from 0 to 255 from linear RGB (IEC 61966-2-1)."""
    values = linear.clip(0, 1)
    srgb = np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * srgb).astype(np.uint8))


def _colors(name: str) -> bool:
    return material(name).kind not in ("binder", "varnish")
