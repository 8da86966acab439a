"""Models in files that are safe to share: opening one runs no code from it."""

from ._model_file import ModelInfo, is_model_file
from ._models import load_model, model_digest, model_info, save_model

__all__ = [
    "ModelInfo",
    "is_model_file",
    "load_model",
    "model_digest",
    "model_info",
    "save_model",
]
