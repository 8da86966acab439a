"""Recipe of the shipped model's training: all of its numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingSettings:
    """The recipe of the shipped model."""

    n_stacks: int = 512_000  # random layer stacks
    stacks_per_instrument: int = 2048  # stacks that share a random instrument
    foreign_share: float = 0.35  # share of the stacks with chemistry that no palette has
    counts: tuple[float, float] = (250.0, 100_000.0)
    """Least and greatest counts of a spectrum; log-uniform between them."""
    mixture_share: float = 0.3  # share of the spectra that are area mixtures of two stacks
    rescaled_share: float = 0.4
    """Share of the spectra where each element is dropped with a chance of `dropped_share`, or
    rescaled log-normally by `rescaling`."""
    # dropped_share, rescaling: see `rescaled_share`
    dropped_share: float = 0.12
    rescaling: float = 0.7
    injected_share: float = 0.4  # share of the spectra with lines of one to four more elements
    injected: tuple[float, float] = (5e-4, 0.25)
    """Least and greatest counts of an injected element, as a share of all counts."""
    # common_share, rare_share: chance that a painting contains one of the common elements, or one
    # of the others.
    common_share: float = 0.75
    rare_share: float = 0.25
    grain_share: float = 0.05
    """Share of the injected elements that the painting contains nowhere else."""
    line_errors: tuple[float, float, float] = (0.015, 0.03, 0.1)
    """Relative standard deviation of the intensities of single K, L and M lines about the tables:
    line ratios of different compilations differ by as much."""
    scatter_rescaling: float = 0.3  # standard deviation of the logarithm of the scatter's intensity
    scatter_tilt: float = 0.12  # standard deviation of the logarithm of the scatter's shape
    pile_up_share: float = 0.3
    """Share of the batches with pile-up, of up to `most_pile_up` of the photons."""
    most_pile_up: float = 0.02  # see `pile_up_share`
    draws: int = 5  # spectra of each expected spectrum, at doses and with photon noise of their own
    visits: int = 8  # instruments whose spectra are shuffled together, a round
    spectra_per_visit: int = 4096  # spectra of each of them
    spectra_per_batch: int = 2048  # spectra of one training step
    n_spectra: int = 8_519_680
    """Spectra that a training sees in its first cycle of the learning rate; none twice."""
    n_refining_spectra: int = 5_242_880  # fresh spectra of a second cycle
    hidden: int = 256  # width of the trunk
    n_filters: int = 48  # linear features of the raw counts
    n_estimators: int = 32  # linear estimates that the trunk mixes
    learning_rate: float = 2e-3  # greatest learning rate of the first cycle
    refining_rate: float = 1e-3  # greatest learning rate of the second
    seed: int = 20261124  # everything random follows from it

    @property
    def n_instruments(self) -> int:
        """Random instruments."""
        return -(-self.n_stacks // self.stacks_per_instrument)

    @property
    def spectra_per_round(self) -> int:
        """Spectra of a round."""
        return self.visits * self.spectra_per_visit
