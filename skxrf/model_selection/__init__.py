"""Groups of pixels for scikit-learn's group splitters."""

from skxrf.model_selection._groups import block_groups, painting_groups

__all__ = ["block_groups", "painting_groups"]
