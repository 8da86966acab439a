"""Documentation of what all network regressors share, written once."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type[Any])

_PARAMETERS = """\
linear_path : bool, default=True
    Whether a ridge regression on the raw spectra is part of the network, which the layers then
    correct (see Notes).
input_transform : {"sqrt", "standard"} or None, default="sqrt"
    Input of the layers. ``"sqrt"``: sign(x) sqrt(abs(x)), then per-channel standardization with
    the statistics of the training spectra; ``"standard"``: the standardization alone; None: the
    spectra unchanged. The built-in layers see sums of
    adjacent channels where there are 2048 or more. The linear path always takes the spectra unchanged.
loss : {"poisson", "squared_error", "absolute_error"}, default="poisson"
    Mean over spectra and outputs of a function of e = (prediction - y) / error. ``"poisson"``:
    2 (sqrt(1 + e^2) - 1), with error^2 = floor + slope * intensity; floor and slope are fitted,
    per output, to the squared errors of a ridge regression on held-out rows, so y may have any
    scale; the intensity is the estimate of the linear path, without one the label.
    ``"squared_error"``: e^2 and ``"absolute_error"``: abs(e), with error the standard deviation
    of the labels. A `criterion` replaces the function, of predictions and labels divided by the
    error.
augmentation : SpectrumAugmentation or None, default=None
    Random changes of the training spectra, such as other doses or energy axes. X must then hold
    whole, non-negative counts.
precision : {"auto", "float32", "bfloat16"}, default="auto"
    Arithmetic of the layers up to the last hidden one in ``predict``. ``"auto"``: bfloat16 where
    the CPU has instructions for it and there is a linear path, which itself stays in float32.
    Training is in float32, and float64 spectra are always predicted in float64.
learning_rate : float, default=5e-3
    Peak of the learning rate, which rises over the first 30 % of the fit and then falls to
    almost zero (one cycle). A ``skorch.callbacks.LRScheduler`` among the `callbacks`
    replaces the cycle, and starts from this rate.
weight_decay : float, default=1.0
    Decoupled weight decay of the default optimizer, AdamW: every step subtracts the share
    ``weight_decay * learning_rate`` of the weights. Other optimizers take
    ``optimizer__weight_decay``.
batch_size : int or "auto", default="auto"
    Spectra per step; ``"auto"``: a power of two from 16 to 512, about 20 steps an epoch.
max_epochs : int or "auto", default="auto"
    Passes over the training spectra; ``"auto"``: 30, fewer for more than 10,000 spectra, and 8
    for 37,500 or more.
max_time : float, default=None
    Time limit of one ``fit`` [s], everything included; None: no limit. The fit ends with the
    batch in which it is reached. The learning-rate cycle ends with it too, so results then
    depend on the machine's speed.
early_stopping : bool or int, default=False
    Number of epochs without a decrease of the validation loss by 1e-4 after which training
    stops; the weights of the best epoch are kept. True: 10; False: no early stopping.
validation_fraction : float, default=0.1
    Share of the training spectra, or of the `groups` of ``fit``, that the layers are not trained
    on: for early stopping and the expected errors. Nothing is held out without early stopping,
    linear path and callbacks.
warm_start : bool, default=False
    Whether ``fit`` continues from the weights of the last fit; the linear path, the weight of
    the correction, the expected errors and the input transform then stay as they were. Parameters that cannot change in
    between are refused.
device : str or torch.device, default="cpu"
    Device to compute on: ``"cpu"``, ``"cuda"``, any of torch's names, or ``"auto"`` for a CUDA
    GPU where there is one.
random_state : int, RandomState instance or None, default=None
    Seed of initial weights, held-out rows, order of the spectra, dropout and augmentation.
    {global_generator}
verbose : bool or int, default=False
    Whether to print losses: one line that is rewritten on a terminal, about 20 elsewhere.
**skorch_parameters : dict
    Parameters of ``skorch.NeuralNetRegressor``, also for ``set_params`` and searches:
    `callbacks`, `optimizer`, `criterion`, `train_split`, `compile`, `module` (in place of the
    built-in layers), and parameters of these such as ``optimizer__betas``, with skorch's prefixes. The default optimizer is AdamW; another one gets
    `learning_rate` as its ``lr``."""

_PUBLISHED = """\
learning_rate : float, default=1e-3
    Learning rate.
batch_size : int or "auto", default=32
    Spectra per step.
max_epochs : int, default=1500
    Passes over the training spectra; the weights of the best epoch are kept.
max_time : float, default=None
    Time limit of one ``fit`` [s].
validation_fraction : float, default=0.2
    Share of the spectra that the best epoch is chosen on.
warm_start : bool, default=False
    Whether ``fit`` continues from the weights of the last fit.
device : str or torch.device, default="cpu"
    Device to compute on.
random_state : int, RandomState instance or None, default=None
    Seed of initial weights, held-out rows and order of the spectra.
verbose : bool or int, default=False
    Whether to print losses.
**skorch_parameters : dict
    Parameters of ``skorch.NeuralNetRegressor``."""

_ATTRIBUTES = """\
net_ : skorch.NeuralNetRegressor
    The trained net, with its ``history``; its ``module_`` is the torch module.
n_features_in_ : int
    Number of channels.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the columns of X, if they are all strings.
n_outputs_ : int
    Number of outputs.
line_groups_ : list of str
    Names of the columns of y, if y had names.
n_iter_ : int
    Number of epochs trained, the last one perhaps in part.
loss_curve_ : list of float
    Mean training loss of every epoch.
validation_loss_curve_ : list of float
    Validation loss after every epoch; empty if nothing was held out.
stopped_by_ : {"max_epochs", "early_stopping", "max_time", "callback"}
    Reason for the end of the last fit."""

_LINEAR_ATTRIBUTES = """
linear_strength_ : ndarray of shape (n_outputs_,)
    Chosen strengths of the ridge regression. Only with `linear_path`.
residual_weight_ : ndarray of shape (n_levels, n_outputs_)
    Weights of the layers' correction, from 0 to 1, at rising intensities. Only with
    `linear_path`.
residual_intensity_ : ndarray of shape (n_levels, n_outputs_)
    Intensities of these weights, in the unit of y; 0 if nothing was held out. Only with
    `linear_path`, and after ``fit``."""

_NOTES = """\
With `linear_path`, the prediction is ``linear + weight * error * correction``.

- ``linear``: ridge regression of y on the raw spectra, its strength chosen per output by leaving
  one spectrum out (of those that are hardly worse, the strongest). Training does not change it.
  After training, it is fitted once more, to all rows.
- ``correction``: output of the layers. {correction} ``error`` is the expected error of the
  linear path at that intensity.
- ``weight``: best share of the correction on held-out rows, for each output and as a function
  of ``linear``. The layers help most where an element is faint or absent; for bright elements
  ridge regression already reaches the photon-noise limit, also on unseen palettes. So the weight
  is chosen at intensities in the middle of equal parts of the held-out rows and at their 97 %
  quantile; from there it falls to 0 over a factor e. Each weight is shrunk by 1 - (c s / g)^2,
  with g the reduction of the mean squared error around that intensity and s its standard error;
  it is 0 where g is below c s, or fewer than 20 rows were held out.

Layers also learn relations between elements that hold in the paints of the training spectra alone.
So the rows are divided into up to 60 groups of similar spectra, or those of `groups`; two smaller
networks like this one, three for `groups`, each predict the groups that they were not trained on.
The weight is chosen on these predictions, with the standard error over the groups and c = 3: the
layers are used only where they help with spectra unlike those of the training. Validation
spectra that you choose (`X_val`, `train_split`) are used in their place, with c = 2.

Labels that are NaN are left out of the loss, of the linear path and of the weights."""


def with_shared_docs(cls: Class) -> Class:
    """Fill the placeholders of a class's docstring.

    `cls`: its docstring may have ``{shared_parameters}``, ``{published_parameters}``,
    ``{shared_attributes}``, ``{linear_attributes}`` and ``{shared_notes}``. Returns the same class.
    """
    if cls.__doc__ is None:  # python -OO
        return cls
    if getattr(cls, "_draws_itself", True):
        generator = """No global generator is
    read or changed, torch's included, so threads do not disturb each other's results."""
        correction = """They see the linear estimates too, and the last one
  starts at zero."""
    else:
        generator = """torch's global
    generator is seeded for the module and put back, so do not fit in several threads."""
        correction = "A trained factor, one an output, starts at zero."
    texts = {
        "{shared_parameters}": _PARAMETERS.replace("{global_generator}", generator),
        "{published_parameters}": _PUBLISHED,
        "{shared_attributes}": _ATTRIBUTES,
        "{linear_attributes}": _LINEAR_ATTRIBUTES.strip(),
        "{shared_notes}": _NOTES.replace("{correction}", correction),
    }
    doc = inspect.cleandoc(cls.__doc__)
    for placeholder, text in texts.items():
        doc = doc.replace(placeholder, text)
    cls.__doc__ = doc
    return cls
