"""Validate what a model holds: decision trees whose nodes hang together, weights that are numbers."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.tree import BaseDecisionTree

from skxrf.exceptions import ModelFileError

# Attributes that scikit-learn keeps weights in, and those of the shipped model.
_WEIGHTS = (
    "alpha_",
    "arrays",
    "coef_",
    "coefs_",
    "components_",
    "dual_coef_",
    "error_scale",
    "fit_shares",
    "intercept_",
    "intercepts_",
)
# Words of the state of the Mersenne twister.
_TWISTER_WORDS = 624


def check_contents(estimator: object) -> None:
    """Raise if an estimator contains inconsistent decision trees, or weights that are NaN.

    scikit-learn follows the numbers of nodes and features in a tree without looking whether
    there are such: wrong ones read memory that is not theirs, or never come to an end.

    `estimator`: what was loaded, of trusted types only; or is to be saved.
    """
    owned: set[int] = set()
    trees: list[object] = []
    for part in _parts(estimator):
        _check_weights(part)
        if isinstance(part, np.random.RandomState | np.random.Generator):
            _check_random(part)
        if isinstance(part, BaseDecisionTree) and hasattr(part, "tree_"):
            _check_tree(part.tree_, _n_features(part))
            owned.add(id(part.tree_))
        elif isinstance(part, RandomForestRegressor | ExtraTreesRegressor):
            # A forest hands spectra to its trees without a further look.
            members = getattr(part, "estimators_", [])
            if any(_n_features(tree) != _n_features(part) for tree in members):
                raise ModelFileError("the trees of a forest were not fitted on its features.")
        elif isinstance(part, GradientBoostingRegressor | GradientBoostingClassifier):
            raise ModelFileError(
                f"{type(part).__name__} cannot be stored safely: scikit-learn does not check "
                "what it reads of one. Use a RandomForestRegressor or a network."
            )
        # Type of `tree_`, which has no public name.
        elif f"{type(part).__module__}.{type(part).__qualname__}" == "sklearn.tree._tree.Tree":
            trees.append(part)
    if any(id(tree) not in owned for tree in trees):
        raise ModelFileError("there is a decision tree that belongs to no estimator.")


def _parts(whole: object) -> Iterator[object]:
    """Parts of an object, at any depth, each once."""
    # Kept by reference: the number of an object that is gone may be given to another.
    seen: dict[int, object] = {}
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        if part is None or isinstance(part, str | bytes | int | float) or id(part) in seen:
            continue
        seen[id(part)] = part
        yield part
        if isinstance(part, Mapping):
            waiting += part.values()
        elif isinstance(part, list | tuple | set | frozenset):
            waiting += part
        elif isinstance(part, np.ndarray):
            waiting += part.ravel().tolist() if part.dtype.kind == "O" else []
        elif isinstance(part, functools.partial):
            waiting += [part.func, part.args, part.keywords]
        if not isinstance(part, type):
            waiting += getattr(part, "__dict__", {}).values()


def _n_features(estimator: object) -> int:
    n_features = getattr(estimator, "n_features_in_", None)
    if not isinstance(n_features, Integral) or n_features < 1:
        raise ModelFileError(
            f"{type(estimator).__name__} does not state how many features it was fitted on."
        )
    return int(n_features)


def _check_weights(part: Any) -> None:
    """Refuse weights that are NaN or infinite: all that is predicted with them would be NaN."""
    if isinstance(part, type):
        return
    attributes = getattr(part, "__dict__", {})
    weights = {name: attributes[name] for name in _WEIGHTS if name in attributes}
    # Modules of torch, which is not imported here.
    if "_parameters" in attributes and "_modules" in attributes:
        weights |= part.state_dict()
    for name, values in weights.items():
        arrays: Iterable[Any] = (values,)
        if isinstance(values, Mapping | list | tuple):
            arrays = values.values() if isinstance(values, Mapping) else values
        for array in map(np.asarray, arrays):
            if array.dtype.kind in "fc" and not np.isfinite(array).all():
                raise ModelFileError(
                    f"the weights {name} of {type(part).__name__} are not finite: the model was "
                    "damaged, or its training has diverged. Fit it once more."
                )


def _check_random(generator: np.random.RandomState | np.random.Generator) -> None:
    """Refuse positions outside the state of a generator: numpy reads there without a look."""
    if isinstance(generator, np.random.Generator):
        state = dict(generator.bit_generator.state)
    else:
        state = dict(generator.get_state(legacy=False))
    inner = state.get("state")
    twister = inner.get("pos", 0) if isinstance(inner, Mapping) else 0
    if not (0 <= twister <= _TWISTER_WORDS and 0 <= state.get("buffer_pos", 0) <= 4):
        raise ModelFileError("a generator of random numbers is at a place that it does not have.")


def _check_tree(tree: Any, n_features: int) -> None:
    if not np.isfinite(tree.value).all():
        raise ModelFileError("the values of a decision tree are not finite. Fit it once more.")
    left, right = np.asarray(tree.children_left), np.asarray(tree.children_right)
    number = np.arange(len(left))
    leaf = left == -1
    # Children come after their parents: so a walk down the tree ends.
    inside = (left > number) & (left < len(left)) & (right > number) & (right < len(left))
    known = (tree.feature >= 0) & (tree.feature < n_features)
    if not len(left) or not np.all(leaf | (inside & known)):
        raise ModelFileError("a decision tree names nodes or features that there are not.")
