"""Average of a score over the elements: the parameter ``multioutput``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxrf.exceptions import SkxrfError


def averaged(per_element: NDArray[np.float64], multioutput: str | ArrayLike) -> Any:
    """Average a score over the elements for which it is defined.

    `per_element` (n_elements,): scores; NaN where there is none. `multioutput` (n_elements,): kind
    of the average, or the weights of the elements. Returns (n_elements,).
    """
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return np.asarray(per_element, dtype=np.float64)
        if multioutput == "uniform_average":
            return float(per_element[~np.isnan(per_element)].mean())
    elif np.ndim(multioutput) == 1:
        weights = np.asarray(multioutput, dtype=np.float64)
        scored = ~np.isnan(per_element)
        if weights.shape != per_element.shape or not np.all(weights >= 0):
            raise SkxrfError(
                f"multioutput holds {weights.size} weights from {weights.min():g} to "
                f"{weights.max():g} for {per_element.size} elements: pass one for each, 0 or more."
            )
        if not weights[scored].any():
            raise SkxrfError("multioutput gives all elements that can be scored the weight 0.")
        return float(np.average(per_element[scored], weights=weights[scored]))
    raise SkxrfError(
        "multioutput must be 'uniform_average', 'raw_values' or weights of the elements, got "
        f"{multioutput!r}."
    )
