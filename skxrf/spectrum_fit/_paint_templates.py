"""Components of each paint: ratios of lines in theory, painting and paint by one hierarchical fit."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skxrf.physics._line_table import EXACT, line_table
from skxrf.utils.energy import bin_edges
from skxrf.utils.typing import Array

from ._model import misfit_weights, smoothed
from ._nonnegative import covariances, solve_nonnegative
from ._priors import RatioSpread
from ._template_model import Setup, TemplateModel, scattered_parts


@dataclass(frozen=True)
class PaintRule:
    """Numbers of the fit of paints."""

    of_painting: RatioSpread = field(default=RatioSpread(1.0, 0.3, 0.1, 0.01))
    """Spread of a painting's ratios about theory. In simulated paintings K-beta of calcium is up
    to 30 % stronger than theory's, outer L lines of lead 45 % weaker."""
    of_paint: RatioSpread = field(default=RatioSpread(0.4, 0.06, 0.05, 0.005))
    """Spread of a paint's ratios about the painting's: in simulated paintings the shares of lead's
    L-alpha and L-beta lines vary by 2 and 4 %, against each other, and by 10 % under vermilion."""
    of_tube: RatioSpread = field(default=RatioSpread(1.0, 0.0, 0.5, 0.1))
    """Spread of the ratios of the tube's scattered lines about theory: electrons make other shares of
    vacancies in the sub-shells than photons, and anode and filter absorb."""
    of_scatter: RatioSpread = field(default=RatioSpread(1.0, 0.0, 0.3, 0.1))
    """Spread of a paint's about the painting's: elements of the paint absorb what lies above their
    edges, as copper does the L-beta but not the L-alpha lines of tungsten."""
    significant: float = 5.0
    """Standard errors up to which the area of a line group in a paint is taken to be none. A paint
    contains few elements: where lead is alone it shows its own ratios, and so which part of
    L-alpha is arsenic elsewhere."""
    model_error: float = 0.015
    """Share of a channel's counts by which the model of a paint's spectrum may be wrong."""
    rounds: int = 3  # times that weights, areas and ratios are found anew
    most_step: float = 0.5  # largest change of the logarithm of a ratio in a round
    bin_width: float = 0.02  # narrower channels are joined [keV]
    local_width: float = 0.6
    """Width over which residuals are averaged to see how wrong the model is there [keV]."""
    least_share: float = 1e-6  # least expected share of a family
    least_area: float = 1e-5
    """Share of a paint's counts below which its ratios are not held any tighter."""


@dataclass(frozen=True)
class PaintTemplates:
    """Components of the pixels of each paint."""

    components: NDArray[np.float32] = field(repr=False)
    """(n_paints, n_components, n_channels), float32: spectra of one count of each component."""
    painting: Array = field(repr=False)
    """(n_components, n_channels): those with the ratios that the paints have in common."""
    families: dict[str, dict[str, float]] = field(repr=False)
    """The latter ratios: shares of the families of each line group."""


def paint_templates(model: TemplateModel, setup: Setup, spectra: Array) -> PaintTemplates:
    """Learn ratios of lines from the spectra of several paints together.

    The logarithms of a painting's ratios are normally distributed about those of theory, and those
    of its paints about the painting's. All are fitted at once, by Gauss-Newton steps in which
    the amplitudes of each paint are eliminated. So each ratio follows those spectra that tell it,
    as far as they do: a line group that only overlaps others in one paint is learned from another,
    and a paint of few counts has the painting's ratios.

    `model`: fit of the painting's sum spectrum. `spectra` (n_paints, n_fitted_channels): summed
    counts of each paint, in the fitted channels.
    """
    return _HierarchicalFit(model, setup).fit(np.maximum(spectra, 0.0))


class _HierarchicalFit:
    """Fit of the ratios of a painting and of its paints."""

    def __init__(self, model: TemplateModel, setup: Setup) -> None:
        self.model = model
        detector = model.fit.detector
        edges = model.fit.correction(bin_edges(setup.energy))
        edges = edges[model.channels.start : model.channels.stop + 1]
        self.table = line_table(
            model.groups,
            () if setup.anode is None else (setup.anode,),
            detail=EXACT,
            tube_voltage=setup.tube_voltage,
            thickness=detector.thickness,
        )
        spectra = self.table.render(edges, detector)
        scattered = scattered_parts(model.fit, self.table, spectra.T, setup.anode)
        columns = [self.table.columns_of(name) for name in model.groups]
        columns += [parts for _, parts in scattered.values()]
        names = [*model.groups, *scattered]
        used = np.concatenate([np.array(of_name, dtype=np.intp) for of_name in columns])
        self.lines, self.labels = spectra[:, used], [self.table.labels[i][1] for i in used]
        shares = self.table.shares.copy()
        for name, (counts, parts) in scattered.items():
            if name.endswith("_compton"):  # angles, which no table tells
                shares[parts] = counts / counts.sum()
        self.expected = np.maximum(shares[used], PaintRule.least_share)
        """Shares of families in theory, of Compton peaks in the sum spectrum."""
        # Pile-up and continuum have the painting's shapes.
        self.others = np.asarray(model.components[len(names) :], dtype=np.float64)
        width = float(np.median(np.diff(edges)))
        joined = max(1, int(PaintRule.bin_width / width + 1e-9))
        self.starts = np.arange(0, edges.size - 1, joined)
        self.design = self._joined(np.vstack([self.lines.T, self.others])).T
        n_local = round(PaintRule.local_width / (width * joined)) // 2 * 2 + 1
        self.n_local = min(max(n_local, 3), 2 * self.starts.size - 1)
        # Columns of a group are side by side.
        sizes = [len(of_name) for of_name in columns]
        ends = np.cumsum(sizes, dtype=np.intp)
        self.families = [slice(int(end - n), int(end)) for n, end in zip(sizes, ends, strict=True)]
        self.logarithms = np.zeros(self.lines.shape[1])
        """Of the painting's ratios over those of theory."""
        self.about_theory = np.zeros((self.logarithms.size, self.logarithms.size))
        self.about_painting = np.zeros_like(self.about_theory)
        energies = self._energies()[used]
        for name, mine in zip(names, self.families, strict=True):
            tube = name in scattered
            for spread, inverse in (
                (PaintRule.of_tube if tube else PaintRule.of_painting, self.about_theory),
                (PaintRule.of_scatter if tube else PaintRule.of_paint, self.about_painting),
            ):
                covariance = spread.covariance(name, self.labels[mine], energies[mine])
                inverse[mine, mine] = np.linalg.inv(covariance)

    def _energies(self) -> Array:
        """Mean energy of the lines of each family [keV]."""
        table = self.table
        total = np.bincount(table.columns, table.lines.energies * table.lines.intensities)
        return np.asarray(total / np.bincount(table.columns, table.lines.intensities))

    def _joined(self, spectra: Array) -> Array:
        return np.add.reduceat(spectra, self.starts, axis=-1)

    def fit(self, spectra: Array) -> PaintTemplates:
        counts = self._joined(spectra)
        smooth = np.stack([smoothed(one) for one in counts])
        variance = smooth + (PaintRule.model_error * smooth) ** 2 + 1
        weights = 1 / np.sqrt(variance)
        amplitudes = self._with_ratios_of_painting(counts, weights)
        for _ in range(PaintRule.rounds):
            information = self.about_theory.copy()
            gradient = -self.about_theory @ self.logarithms
            for k, one in enumerate(counts):
                amplitudes[k], more, slope = self._solve(one, weights[k], amplitudes[k])
                information += more
                gradient += slope
                missed = one - self.design @ amplitudes[k]
                weights[k] = misfit_weights(missed, variance[k], self.n_local)
            shares = self.shares()
            step = np.linalg.solve(information, gradient)
            for mine in self.families:
                step[mine] -= shares[mine] @ step[mine]
            self.logarithms += np.clip(step, -PaintRule.most_step, PaintRule.most_step)
        return self._templates(amplitudes)

    def shares(self) -> Array:
        """Shares of the families of the painting's line groups."""
        shares: Array = self.expected * np.exp(self.logarithms)
        for mine in self.families:
            shares[mine] /= shares[mine].sum()
        return shares

    def _with_ratios_of_painting(self, counts: Array, weights: Array) -> Array:
        """First amplitudes of each paint, with the same ratios for all."""
        n_lines = self.logarithms.size
        joining = np.zeros((self.design.shape[1], len(self.families) + len(self.others)))
        for j, mine in enumerate(self.families):
            joining[mine, j] = self.shares()[mine]
        joining[n_lines:, len(self.families) :] = np.eye(len(self.others))
        design = self.design @ joining
        weighted = weights[:, :, None] * design
        matrices = np.swapaxes(weighted, 1, 2) @ weighted
        vectors = np.einsum("kcj,kc->kj", weighted, weights * counts)
        return np.asarray(solve_nonnegative(matrices, vectors)[0] @ joining.T)

    def _solve(self, counts: Array, weights: Array, before: Array) -> tuple[Array, Array, Array]:
        """Amplitudes of a paint, and what it tells of the painting's ratios.

        `counts`, `weights` (n_bins,): counts, and one over their standard errors. `before`
        (n_columns,): amplitudes of the last round, whose areas are the unit of deviations. Returns
        `amplitudes` (n_columns,): counts of each family and of the other components; `information`
        (n_families, n_families): of the logarithms of the painting's ratios, the amplitudes
        unknown; `gradient` (n_families,): of the logarithm of the probability.
        """
        n_lines = self.logarithms.size
        shares, least = self.shares(), PaintRule.least_area * counts.sum() + 1
        # Relative deviations of the paint's shares are linear in its amplitudes (`own`), and so
        # is what a change of the painting's ratios makes of them (`common`).
        own, common = np.zeros((2, n_lines, n_lines))
        for mine in self.families:
            area = float(before[mine].sum())
            one = np.eye(mine.stop - mine.start)
            own[mine, mine] = (one / shares[mine, None] - 1) / max(area, least)
            common[mine, mine] = (one - shares[mine]) * (area / max(area, least))
        weighted = self.design * weights[:, None]
        matrix = weighted.T @ weighted
        matrix[:n_lines, :n_lines] += own.T @ self.about_painting @ own
        vector = weighted.T @ (weights * counts)
        vector[:n_lines] -= self._pull(matrix, before)
        amplitudes = solve_nonnegative(matrix[None], vector[None])[0][0]
        mixed = own.T @ self.about_painting @ common
        free = amplitudes > 0
        scale = 1 / np.sqrt(np.diag(matrix)[free])
        inner = matrix[np.ix_(free, free)] * scale[:, None] * scale
        inner[np.diag_indices_from(inner)] += 1e-10
        coupled = np.vstack([mixed, np.zeros((len(free) - n_lines, n_lines))])[free]
        coupled *= scale[:, None]
        information = common.T @ self.about_painting @ common
        information -= coupled.T @ np.linalg.solve(inner, coupled)
        return amplitudes, information, mixed.T @ amplitudes[:n_lines]

    def _pull(self, matrix: Array, before: Array) -> Array:
        """Slope of the prior of each group's area, whose logarithm is ``-z^2 arctan(a / z sigma)``.

        It moves insignificant areas to zero and leaves significant ones where they are.
        """
        (errors,), (correlations,) = covariances(matrix[None])
        pull = np.empty(self.logarithms.size)
        for mine in self.families:
            area = before[mine].sum()
            error = PaintRule.significant * np.sqrt(
                errors[mine] @ correlations[mine, mine] @ errors[mine]
            )
            pull[mine] = PaintRule.significant**2 * error / (error**2 + area**2)
        return pull

    def _templates(self, amplitudes: Array) -> PaintTemplates:
        shares, components = self.shares(), []
        for of_paint in (np.zeros_like(shares), *amplitudes):
            groups, least = [], PaintRule.least_area * of_paint.sum() + 1
            for mine in self.families:
                # Some counts with the painting's ratios: a paint may contain none of the group.
                counts = of_paint[mine] + least * shares[mine]
                groups.append(self.lines[:, mine] @ (counts / counts.sum()))
            components.append(np.vstack([*groups, self.others]))
        named = {
            name: dict(
                zip(
                    self.labels[mine],
                    shares[mine].tolist(),
                    strict=True,
                )
            )
            for name, mine in zip(self.model.groups, self.families, strict=False)
        }
        return PaintTemplates(np.array(components[1:], dtype=np.float32), components[0], named)
