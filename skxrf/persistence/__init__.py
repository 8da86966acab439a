"""Models in files that are safe to share: opening one runs no code from it."""

from ._models import load_model, model_digest, model_info, save_model

__all__ = ["load_model", "model_digest", "model_info", "save_model"]
