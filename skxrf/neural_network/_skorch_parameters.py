"""Parameters of skorch's net that an estimator passes on: its own grammar of prefixes."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator

from skxrf.utils._sklearn import validate_parameter_constraints


class SkorchParameters(BaseEstimator):
    """Estimator that takes parameters of ``skorch.NeuralNetRegressor`` as keywords.

    They are attributes like all parameters, and take part in ``get_params``, ``set_params``,
    ``clone`` and searches.
    """

    _skorch_names = frozenset(
        {"callbacks", "compile", "criterion", "module", "optimizer", "train_split"}
    )

    def _store(self, arguments: dict[str, Any]) -> None:
        """Set the ``locals()`` of a constructor as attributes; ``fit`` checks them."""
        skorch = arguments["skorch_parameters"]
        own = {name: value for name, value in arguments.items() if value is not self}
        del own["skorch_parameters"]
        self.__dict__.update({**own, **skorch})

    def _validate_params(self) -> None:
        """Check names and values of the parameters."""
        for name in self._skorch():
            if not self._is_skorch(name):
                raise TypeError(
                    f"{type(self).__name__} got an unexpected parameter {name!r}: besides its own, "
                    f"it takes {', '.join(sorted(self._skorch_names))} of skorch's "
                    "NeuralNetRegressor, and names such as optimizer__betas."
                )
        known = {
            "callbacks": [list, None],
            "criterion": [callable],
            "optimizer": [callable],
        }
        validate_parameter_constraints(known, self._skorch(), type(self).__name__)
        super()._validate_params()

    def _is_skorch(self, name: str) -> bool:
        return name in self._skorch_names or (
            name.partition("__")[0] in self._skorch_names - {"train_split"}
            and not name.endswith("__")
        )

    def _own_module(self) -> dict[str, Any] | None:
        """Class of the user's module, where one is given, and the arguments of its constructor."""
        given = {
            name.removeprefix("module__"): value
            for name, value in vars(self).items()
            if name.startswith("module__")
        }
        module = vars(self).get("module")
        if module is None and not given:
            return None
        if not isinstance(module, type):
            raise TypeError(
                f"module must be a class of torch modules, got {module!r}: give the class, and its "
                "arguments as module__<name>."
            )
        return {"module": module, "module_parameters": given}

    def _skorch(self) -> dict[str, Any]:
        """Return the parameters that are set beside those of the constructor's signature."""
        own = super().get_params(deep=False)
        return {
            name: value
            for name, value in vars(self).items()
            if name not in own and not name.startswith("_") and not name.endswith("_")
        }

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool
            Whether to add the parameters of parameters that are estimators.

        Returns
        -------
        dict
            Values by name, with those of skorch's parameters that are set.
        """
        return {**super().get_params(deep=deep), **self._skorch()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Values by name, such as ``augmentation__thinning=0.5`` or ``optimizer__eps=1e-6``.

        Returns
        -------
        self
        """
        for name in [name for name in params if self._is_skorch(name)]:
            setattr(self, name, params.pop(name))
        super().set_params(**params)
        return self
