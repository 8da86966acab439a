"""Types of arrays that many parts name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
FloatArray = NDArray[np.floating[Any]]
AnyArray = NDArray[Any]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]
