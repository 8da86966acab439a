"""Steps on finished maps: none of them is ever applied unasked."""

from skxrf.postprocessing._denoise_maps import denoise_maps

__all__ = ["denoise_maps"]
