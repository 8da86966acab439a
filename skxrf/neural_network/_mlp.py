"""Dense network regressor."""

from __future__ import annotations

from typing import Any, Literal

from numpy.typing import ArrayLike

from skxrf.neural_network._base import BaseSpectrumRegressor
from skxrf.neural_network._losses import Loss
from skxrf.neural_network._precision import Precision


class SpectrumMLPRegressor(BaseSpectrumRegressor):
    """Dense network from spectra to intensities.

    Dense layers beside a linear path on the raw spectra, trained with a loss that is weighted
    by the expected counting error. See :class:`SpectrumCNNRegressor` for the network that is
    usually the better one.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(128, 64)
        Widths of the dense layers; ``()`` for none.
    activation : {"relu", "silu", "gelu", "tanh"}, default="silu"
        Nonlinearity after every layer but the last.
    linear_path : bool, default=True
        Whether a ridge regression on the raw spectra is part of the network: the layers then
        only add to it (see Notes).
    residual_share : float, default=1.0
        Share that is kept of what the layers add to the linear path, after held-out spectra
        have weighed it. 0: ridge regression alone.
    residual_levels : int, default=5
        Number of intensities, for each output, that held-out spectra weigh at what the layers
        add; between them the weight is interpolated, and it is 0 from the last one on, beyond
        what was held out. 1: one weight for all intensities.
    input_transform : {"sqrt", "standard"} or None, default="sqrt"
        What the layers see. ``"sqrt"``: sign(x) sqrt(abs(x)), then per-channel standardisation
        with the training spectra's statistics; ``"standard"``: the standardisation alone;
        None: the spectra as they are. The linear path always takes them as they are.
    templates : array-like of shape (n_templates, n_channels), default=None
        Template spectra. If given, the dense layers see the inner products of the transformed
        spectrum with them instead of the spectrum.
    scale_outputs : bool, default=True
        Without a linear path: whether the last layer's outputs are in units of the labels'
        standard deviation around their mean, and errors in the loss in that unit.
    loss : {"poisson", "squared_error", "absolute_error", "scaled_absolute_error"}, \
            default="poisson"
        Mean over spectra and outputs of a function of e = (prediction - y) / error.
        ``"poisson"``: 2 (sqrt(1 + e^2) - 1), with error^2 = floor + slope * intensity; floor
        and slope are fitted, per output, to the squared errors of a ridge regression on
        held-out rows, so any scale of y will do; the intensity is the linear path's estimate,
        without one the label. ``"squared_error"``: e^2 and ``"absolute_error"``: abs(e), with
        error the labels' standard deviation. ``"scaled_absolute_error"``:
        abs(prediction - y) / (sqrt(max(y, 0)) + 1), the published networks' loss.
    thinning : float, default=0.0
        Augmentation, as are the five parameters below: training spectra are changed at random,
        anew in every batch, and their labels with them; spectra to predict never are (see
        Notes). Share of its counts that a spectrum loses, at most: what is left is log-uniform
        between 1 - thinning and 1.
    gain_jitter : float, default=0.0
        Relative standard deviation of the gain of the energy axis; 0.005 is 0.5 %.
    zero_jitter : float, default=0.0
        Standard deviation of the zero of the axis [channels].
    injection : float, default=0.0
        Share of a spectrum's counts that an injected line has, at most; log-uniform from
        0.0005. Each time one to three of `line_templates`.
    rescaling : float, default=0.0
        Standard deviation of the logarithm of the factor on the intensity of an output; it
        falls on one output of two, and one of eight of those is removed altogether.
    line_templates : array-like of shape (n_templates, n_channels), default=None
        Spectra of the lines of each output, in the order of y's columns, for `injection` and
        `rescaling`; zeros for an output that has none. Further rows are injected without a
        label: lines that the training spectra lack, such as As beside Pb. Any unit; labels
        must be net counts.
    augmented_share : float, default=0.5
        Chance of each of these changes, independently for each spectrum.
    nonnegative : bool, default=False
        Whether predictions below zero are set to zero. Training is not affected, so the layers
        can still learn there; the mean of many pixels without an element is then above zero.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of the layers up to the last hidden one in ``predict``. ``"auto"``: bfloat16
        where the CPU has instructions for it and there is a linear path, which itself stays in
        float32. Training is in float32 always, and float64 spectra are predicted exactly.
    learning_rate : float, default=5e-3
        Learning rate, or the peak of its cycle.
    learning_rate_schedule : {"one_cycle", "constant"}, default="one_cycle"
        ``"one_cycle"``: rises over the first 30 % of the fit, then falls to almost zero.
    weight_decay : float, default=1.0
        Decoupled weight decay of the optimiser, AdamW: every step takes the share
        ``weight_decay * learning_rate`` off the weights. With 0 it is plain Adam.
    batch_size : int or "auto", default="auto"
        Spectra per step; ``"auto"``: a power of two from 16 to 512, about 20 steps an epoch.
    max_epochs : int, default=30
        Passes over the training spectra.
    max_time : float, default=None
        Budget of one ``fit`` [s], everything included; None: no limit. The fit ends with the
        batch in which it is spent. The learning-rate cycle ends with it too, so results then
        depend on the machine's speed.
    early_stopping : bool, default=False
        Whether to stop when the validation loss has not improved by `tol` for
        `n_iter_no_change` epochs, and to keep the best epoch's weights.
    validation_fraction : float, default=0.1
        Share of the training spectra, drawn at random, that the layers are not trained on:
        for early stopping, and to choose the weight of what they add to the linear path.
        Nothing is held out without early stopping and linear path.
    n_iter_no_change : int, default=10
        Patience of early stopping [epochs].
    tol : float, default=1e-4
        What counts as an improvement of the validation loss.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last fit's weights; the linear path, the expected
        errors and the input transform then stay as they were.
    device : str, default="cpu"
        Where to compute: ``"cpu"``, ``"cuda"``, any of torch's names, or ``"auto"`` for a CUDA
        GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, held-out rows, the order of the spectra and augmentation. No global generator
        is read or changed, torch's included, so threads do not disturb each other's results.
    verbose : bool or int, default=False
        Whether to print losses: one line that is rewritten on a terminal, about 20 elsewhere.

    Attributes
    ----------
    net_ : skorch.NeuralNetRegressor
        The trained net; its ``module_`` is the torch module.
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns of X, if they are all strings.
    n_outputs_ : int
        Number of outputs.
    line_groups_ : list of str
        Names of the columns of y, if y was a DataFrame with string names.
    n_iter_ : int
        Epochs trained, the last one perhaps in part.
    loss_curve_ : list of float
        Mean training loss of every epoch.
    validation_loss_curve_ : list of float
        Validation loss after every epoch; empty if nothing was held out.
    stopped_by_ : {"max_epochs", "early_stopping", "max_time"}
        What ended the last fit.
    linear_strength_ : ndarray of shape (n_outputs_,)
        Chosen strengths of the ridge regression. Only with `linear_path`.
    residual_weight_ : ndarray of shape (residual_levels, n_outputs_)
        Shares, from 0 to 1, of what the layers add to the linear path that are kept, at rising
        intensities. Only with `linear_path`.
    residual_intensity_ : ndarray of shape (residual_levels, n_outputs_)
        The linear path's intensities that these shares are for, in the unit of y; 0 if nothing
        was held out. Only with `linear_path`, and after ``fit``.

    See Also
    --------
    SpectrumCNNRegressor : Convolutions before the dense layers.
    published_networks : The networks of the literature, as estimators.

    Notes
    -----
    With `linear_path`, the prediction is ``linear + weight * error * layers``.

    - ``linear``: ridge regression of y on the raw spectra, its strength chosen per output by
      leaving one spectrum out (of those that are hardly worse, the strongest). After
      training, it is fitted once more, to all rows. Training leaves it.
    - ``layers``: the network, which sees the linear estimates too and whose last layer starts
      at zero. ``error`` is the expected error of the linear path at that intensity.
    - ``weight``: the share that is best on the held-out rows, times `residual_share`, for each
      output and as a function of ``linear``. The layers help most where an element is dim or
      absent; what is bright, ridge regression knows to within photon noise, on other palettes
      than those trained on, too. So the share is chosen at intensities in the middle of equal
      parts of the held-out rows and at their 97 % quantile; from there it falls to 0 over a
      factor e. Each share is shrunk by 1 - (2 s / g)^2, with g what the mean squared error falls
      by around that intensity and s its standard error; it is 0 where g is below 2 s, or fewer
      than 20 rows were held out. So the layers are used only where there is evidence that they
      help.

    The augmentations leave counts what they are, Poisson counts. Thinning keeps each count with
    the same chance. Jitter moves every count on its own by the shift of its channel, up or down
    to a whole channel at random, and none is lost. Injection adds Poisson counts of the template,
    and their expected number to the label. Rescaling thins the counts of each channel by the
    share of them that is expected to belong to the element, or adds Poisson counts: the expected
    counts of a channel are labels times templates, plus what these leave of the spectrum,
    averaged over 9 channels. The linear path, the standardisation, the expected errors and the
    held-out rows see one such draw of all spectra, so that `residual_weight_` speaks for changed
    spectra too. X must then hold whole, non-negative counts.

    Examples
    --------
    >>> import numpy as np
    >>> from skxrf.neural_network import SpectrumMLPRegressor
    >>> rng = np.random.default_rng(0)
    >>> y = rng.uniform(0, 500, size=(400, 2))
    >>> X = rng.poisson(y @ rng.dirichlet(np.ones(64), size=2))
    >>> model = SpectrumMLPRegressor(max_epochs=5, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (128, 64),
        *,
        activation: str = "silu",
        linear_path: bool = True,
        residual_share: float = 1.0,
        residual_levels: int = 5,
        input_transform: Literal["sqrt", "standard"] | None = "sqrt",
        templates: ArrayLike | None = None,
        scale_outputs: bool = True,
        loss: Loss = "poisson",
        thinning: float = 0.0,
        gain_jitter: float = 0.0,
        zero_jitter: float = 0.0,
        injection: float = 0.0,
        rescaling: float = 0.0,
        line_templates: ArrayLike | None = None,
        augmented_share: float = 0.5,
        nonnegative: bool = False,
        precision: Precision = "auto",
        learning_rate: float = 5e-3,
        learning_rate_schedule: str = "one_cycle",
        weight_decay: float = 1.0,
        batch_size: int | Literal["auto"] = "auto",
        max_epochs: int = 30,
        max_time: float | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        device: str = "cpu",
        random_state: Any = None,
        verbose: int | bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.linear_path = linear_path
        self.residual_share = residual_share
        self.residual_levels = residual_levels
        self.input_transform = input_transform
        self.templates = templates
        self.scale_outputs = scale_outputs
        self.loss = loss
        self.thinning = thinning
        self.gain_jitter = gain_jitter
        self.zero_jitter = zero_jitter
        self.injection = injection
        self.rescaling = rescaling
        self.line_templates = line_templates
        self.augmented_share = augmented_share
        self.nonnegative = nonnegative
        self.precision = precision
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.max_time = max_time
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self) -> dict[str, Any]:
        return {}
