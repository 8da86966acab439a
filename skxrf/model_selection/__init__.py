"""Groups of pixels, and folds of counts, for scikit-learn's cross-validation."""

from skxrf.model_selection._groups import block_groups, painting_groups
from skxrf.model_selection._thinning import CountThinning, thin_counts

__all__ = ["CountThinning", "block_groups", "painting_groups", "thin_counts"]
