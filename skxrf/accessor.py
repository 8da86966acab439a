"""The accessor ``.xrf`` of cubes and maps: the library's functions as methods, no logic of its own.

Importing :mod:`skxrf.io` registers it on every DataArray and Dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from skxrf.plotting import ElementMapDisplay

__all__ = ["XrfAccessor"]


@xr.register_dataarray_accessor("xrf")  # type: ignore[no-untyped-call]
@xr.register_dataset_accessor("xrf")  # type: ignore[no-untyped-call]
class XrfAccessor:
    """Methods of cubes and element maps, as ``cube.xrf`` and ``maps.xrf``.

    Each method calls the function of the library that is named under See Also, whose errors
    name what is missing if the array is not one that it takes.

    Parameters
    ----------
    data : DataArray or Dataset
        A cube of dims (y, x, energy), or maps of dims (y, x, element); as a Dataset, maps with
        the variable ``intensity`` and perhaps ``uncertainty``.

    See Also
    --------
    skxrf.inference.predict_maps : :meth:`predict`.
    skxrf.spectra.sum_spectrum : :meth:`sum_spectrum`.
    skxrf.spectra.max_spectrum : :meth:`max_spectrum`.
    skxrf.samples.to_samples : :meth:`to_samples`.
    skxrf.plotting.ElementMapDisplay : :meth:`plot`.
    skxrf.report.explore_maps : :meth:`explore`.

    Notes
    -----
    A notebook shows ``maps.xrf`` as small maps; ``maps`` alone is shown by xarray.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> import skxrf.io
    >>> cube = xr.DataArray(np.ones((2, 3, 4), np.uint16), dims=("y", "x", "energy"))
    >>> cube.xrf.sum_spectrum().values
    array([6, 6, 6, 6], dtype=uint64)
    >>> cube.xrf.to_samples().shape
    (6, 4)
    """

    def __init__(self, data: Any) -> None:
        self._data = data

    def predict(self, model: Any, **kwargs: Any) -> xr.DataArray | xr.Dataset:
        """Element maps of this cube, by :func:`skxrf.inference.predict_maps`.

        Parameters
        ----------
        model : object with a method ``predict``
            A fitted regressor, Pipeline or search.
        **kwargs : dict
            Passed on, such as ``return_std=True`` or ``elements=[...]``.

        Returns
        -------
        DataArray of dims (y, x, element), or Dataset
            ``intensity`` [counts]; with ``return_std`` also ``uncertainty``.
        """
        from skxrf.inference import predict_maps

        return predict_maps(model, self._data, **kwargs)

    def sum_spectrum(self) -> xr.DataArray:
        """Sum of the spectra of all pixels, by :func:`skxrf.spectra.sum_spectrum`.

        Returns
        -------
        DataArray of dim (energy,)
            Counts per channel, in 64 bits.
        """
        from skxrf.spectra import sum_spectrum

        return sum_spectrum(self._data)

    def max_spectrum(self) -> xr.DataArray:
        """Maximum-pixel spectrum, by :func:`skxrf.spectra.max_spectrum`.

        Returns
        -------
        DataArray of dim (energy,)
            Counts per channel, in the dtype of the cube.
        """
        from skxrf.spectra import max_spectrum

        return max_spectrum(self._data)

    def to_samples(self) -> xr.DataArray | pd.DataFrame:
        """Samples of this cube or these maps, by :func:`skxrf.samples.to_samples`.

        Returns
        -------
        DataArray of dims (sample, energy), or DataFrame
            One row a pixel, over the index ``(painting, y, x)``.
        """
        from skxrf.samples import to_samples

        return to_samples(self._data)

    def explore(self, cube: xr.DataArray | None = None, **kwargs: Any) -> Any:
        """Show these maps and their spectra in a notebook, by :func:`skxrf.report.explore_maps`.

        Parameters
        ----------
        cube : DataArray of dims (y, x, energy), optional
            The counts that the maps were made from.
        **kwargs : dict
            Passed on, such as ``fit=...`` or ``height=900``.

        Returns
        -------
        object
            Shown by Jupyter, VS Code and Colab as a page: maps, spectra, regions.
        """
        from skxrf.report import explore_maps

        return explore_maps(self._data, cube, **kwargs)

    def _repr_html_(self) -> str | None:
        if "element" not in self._data.dims:
            return None
        from skxrf.report._notebook import small_maps

        return small_maps(self._data)

    def plot(self, **kwargs: Any) -> ElementMapDisplay:
        """Draw these maps, by :meth:`skxrf.plotting.ElementMapDisplay.from_maps`.

        Parameters
        ----------
        **kwargs : dict
            Passed on, such as ``elements=["Fe_K"]`` or ``percentiles=(1, 99)``.

        Returns
        -------
        ElementMapDisplay
            With what it drew on as ``figure_`` and ``axes_``.
        """
        from skxrf.plotting import ElementMapDisplay

        return ElementMapDisplay.from_maps(self._data, **kwargs)
