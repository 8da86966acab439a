"""Common lines rendered once on a fine axis, for comparisons with many axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skxrf.physics._line_table import WHOLE, line_table
from skxrf.physics.constants import ANODES, SEARCHED_LINE_GROUPS

from ._candidates import within_range
from ._priors import typical_detector

__all__ = ["HIGHEST", "LOWEST", "TemplateGrid", "saturating_cost"]

Array = NDArray[np.float64]

# Range [keV] that is compared and fitted: below lie noise peaks, detector thresholds and lines that
# air absorbs.
LOWEST, HIGHEST = 1.3, 32.0
_STEP = 0.01  # keV


class TemplateGrid:
    """Line groups that the search for an axis compares with a spectrum.

    Parameters
    ----------
    low, high : float
        Range [keV] of the main lines.
    noise : float
        Electronic noise of the templates [keV].
    margin : float
        Distance [keV] by which bins may lie outside the range.
    """

    def __init__(self, low: float, high: float, noise: float, margin: float) -> None:
        self.anodes = [anode for anode, group in ANODES.items() if within_range([group], low, high)]
        groups = within_range([*SEARCHED_LINE_GROUPS, *ANODES.values()], low, high)
        self.table = line_table(groups, self.anodes, detail=WHOLE)
        self.grid = np.arange(low - margin, high + margin, _STEP)
        templates = self.table.render(self.grid, typical_detector(noise))
        self.cumulative = np.vstack([np.zeros(templates.shape[1]), np.cumsum(templates, axis=0)])

    def design(self, edges: Array, *fixed: Array) -> Array:
        """Design matrix of lines and other columns in bins.

        Parameters
        ----------
        edges : ndarray of shape (n_bins + 1,)
            True edges [keV].
        *fixed : ndarray of shape (n_bins, n_columns)
            Further columns: background, pile-up.

        Returns
        -------
        ndarray of shape (n_bins, n_line_columns + n_further)
        """
        places = np.clip((edges - self.grid[0]) / _STEP, 0, self.grid.size - 1.001)
        whole = places.astype(int)
        part = (places - whole)[:, None]
        at_edges = self.cumulative[whole] * (1 - part) + self.cumulative[whole + 1] * part
        return np.hstack([np.diff(at_edges, axis=0), *fixed])


def saturating_cost(residuals: Array) -> float:
    """Cost of residuals, in which one peak that no common element explains does not decide."""
    return float(np.sum(np.log1p(residuals**2 / 4)))
