"""The independent check: palettes of its own, other line ratios, wrong axes, end to end."""

import click
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from benchmarks.accuracy.independent import run as command
from benchmarks.accuracy.independent.detector import OtherDetector
from benchmarks.accuracy.independent.instruments import INSTRUMENTS, bent
from benchmarks.accuracy.independent.lines import line_factors, line_shares, natural_width
from benchmarks.accuracy.independent.paintings import PAINTINGS, judged_groups, simulate
from benchmarks.accuracy.independent.palettes import PALETTES
from skxrf.physics import DetectorResponse
from skxrf.pretrained._axis import LINE_GROUPS
from skxrf.simulation import ForwardModel, Instrument, material, palettes
from skxrf.simulation.paintings._palettes import AREAS

# Those of the shipped model's line groups that the paintings' tubes excite and paints give.
GROUPS = [name for name in LINE_GROUPS if name != "Ar_K"]


@pytest.fixture(scope="module")
def tiny():
    return simulate("gospel_leaf", "W 50", 106, shape=(9, 11))


def test_palettes_are_complete_and_of_known_materials():
    for one in PALETTES.values():
        assert set(AREAS) <= set(one.paints)
        assert {material(name).name for name in one.materials} == set(one.materials)
        for mixture in [*one.paints.values(), *(mixture for mixture, _ in one.grounds)]:
            assert sum(mixture.values()) == pytest.approx(1, abs=1e-9)
        assert {palette for palette, _, _ in PAINTINGS} == set(PALETTES)


@pytest.mark.parametrize("name", PALETTES)
def test_no_palette_of_the_package_has_the_paints_of_a_new_one(name):
    new = PALETTES[name]
    assert name not in palettes()
    for old in palettes().values():
        had = sum(set(mixture) <= set(old.pigments) for mixture in new.paints.values())
        assert had <= len(new.paints) / 2
        assert not any(dict(a) == dict(b) for a, _ in new.grounds for b, _ in old.grounds)
        assert not any(
            dict(a) == dict(b) and len(a) > 1
            for a in new.paints.values()
            for b in old.paints.values()
        )


@pytest.mark.parametrize("name", GROUPS)
def test_fisx_knows_nearly_all_of_each_line_group(name):
    group, shares, known = line_shares(name, 50.0)
    assert group.intensities[known].sum() > 0.998
    assert shares.sum() == pytest.approx(1, abs=1e-9)
    assert (shares >= 0).all()


def test_ratios_within_a_group_are_those_of_fisx():
    from fisx import DataDir, Elements

    library = Elements(DataDir.FISX_DATA_DIR)
    library.initializeAsPyMca()
    rates = library.getExcitationFactors("Pb", [30.0], [1.0])
    group, shares, _ = line_shares("Pb_L", 50.0)
    share = dict(zip(group.lines, shares, strict=True))
    # Lines from one subshell have the same ratio at all exciting energies.
    for a, b in (("L3M5", "L3M4"), ("L3M5", "L3N5"), ("L2M4", "L2N4"), ("L1M3", "L1M2")):
        assert share[a] / share[b] == pytest.approx(rates[a]["rate"] / rates[b]["rate"], rel=1e-6)
    # Between subshells the compilations differ.
    ours = dict(zip(group.lines, group.intensities, strict=True))
    assert abs(share["L2M4"] / share["L3M5"] / (ours["L2M4"] / ours["L3M5"]) - 1) > 0.03


def test_k_beta_differs_by_element_and_by_little():
    changes = []
    for name in ("Ca_K", "Cr_K", "Mn_K", "Fe_K", "Cu_K", "Zn_K", "As_K", "Sr_K"):
        group, shares, _ = line_shares(name, 50.0)
        beta = np.array([not line.startswith("KL") for line in group.lines])
        ratio = shares[beta].sum() / shares[~beta].sum()
        changes.append(ratio / (group.intensities[beta].sum() / group.intensities[~beta].sum()) - 1)
    assert 0.01 < np.std(changes) < 0.08
    assert np.abs(changes).max() < 0.15


def test_factors_keep_the_sum_of_a_group_at_xraylib_s_shares():
    model = ForwardModel(("Cr", "Fe", "Hg", "Pb"), INSTRUMENTS["W 50"])
    factors = line_factors(model)
    for name in np.unique(model.tables.groups):
        mine = model.tables.groups == name
        group, shares, _ = line_shares(str(name), 50.0)
        energies = model.tables.energies[mine]
        nearest = np.argmin(np.abs(group.energies[:, None] - energies), axis=1)
        old = np.bincount(nearest, group.intensities, mine.sum())
        assert (old * factors[mine]).sum() == pytest.approx(1, abs=1e-9)
        assert shares.sum() == pytest.approx(1, abs=1e-9)
    assert np.ptp(factors[model.tables.groups == "Pb_L"]) > 0.05


def test_natural_widths_are_those_of_the_levels():
    # Campbell & Papp 2001, At. Data Nucl. Data Tables 77, 1: Fe K 1.19, L3 about 0.4 eV.
    assert natural_width(26, "KL3") == pytest.approx(1.6e-3, abs=0.2e-3)
    assert 5e-3 < natural_width(82, "L3M5") < 12e-3


@pytest.mark.parametrize(("palette", "name", "seed"), PAINTINGS)
def test_claimed_axes_are_as_wrong_as_stated(palette, name, seed):
    scanner = bent(name, seed)
    claimed, true = scanner.claimed_energy, scanner.energy
    assert 0.002 <= abs(scanner.gain_error) <= 0.007
    assert 0.004 <= abs(scanner.zero_error) <= 0.015
    assert 0.003 <= abs(scanner.bend) <= 0.006
    np.testing.assert_allclose(np.diff(claimed, 2), 0, atol=1e-9)  # what the file says is straight
    left = true - scanner.zero_error - (1 + scanner.gain_error) * claimed
    assert np.abs(left).max() == pytest.approx(abs(scanner.bend), rel=0.05)
    middle = claimed.size // 2
    assert left[middle] == pytest.approx(scanner.bend, rel=0.01)
    np.testing.assert_allclose((scanner.edges[1:] + scanner.edges[:-1]) / 2, true, atol=1e-5)


def test_instruments_are_no_presets():
    presets = [Instrument.m6_jetstream(), Instrument.m4_tornado(), Instrument.in_air_silver()]
    for one in INSTRUMENTS.values():
        assert isinstance(one.detector, OtherDetector)
        for preset in presets:
            assert (one.anode, one.voltage) != (preset.anode, preset.voltage)
            assert one.detector.fano != preset.detector.fano
            assert one.energy_gain != preset.energy_gain
        beam = one.beam()
        assert beam.energies[beam.flux > 0].max() <= one.voltage


def test_other_detector_puts_more_beside_the_peak_in_another_form():
    edges = np.arange(0.0, 12.0, 0.01)
    other = INSTRUMENTS["Mo 45"].detector
    one_form = DetectorResponse(
        **{name: getattr(other, name) for name in DetectorResponse.__dataclass_fields__}
    )
    energy = np.array([8.0])
    here, there = (d.peaks(energy, np.ones(1), edges) for d in (other, one_form))
    # Same counts in all, elsewhere.
    assert here.sum() == pytest.approx(there.sum(), rel=2e-3)
    centers = (edges[1:] + edges[:-1]) / 2
    long = (centers > 6.9) & (centers < 7.4)
    assert here[long].sum() > 1.5 * there[long].sum()
    assert here[centers < 2].sum() > 1.1 * there[centers < 2].sum()


def test_truth_and_shapes_of_a_painting_explain_its_spectra(tiny):
    assert (tiny.expected >= 0).all()
    assert tiny.expected.sum(axis=2).mean() == pytest.approx(1, rel=1e-3)
    n = len(tiny.groups)
    mean = tiny.expected.mean(axis=(0, 1))
    lines = tiny.truth.mean(axis=(0, 1)) @ tiny.templates[:n]
    # What is left beside the lines is continuum, nowhere negative but for what is no nuisance.
    assert (mean - lines > -0.02 * mean.max()).all()
    # The peak of copper lies where the true axis says, not where the file does.
    near = np.abs(tiny.energy - 8.046) < 0.1
    assert tiny.energy[near][mean[near].argmax()] == pytest.approx(8.046, abs=0.03)
    assert np.abs(tiny.energy - tiny.claimed).max() > 0.03


def test_what_is_too_weak_to_be_a_nuisance_is_still_named(tiny):
    assert tiny.traces
    assert not set(tiny.traces) & set(tiny.groups)
    assert {"Cu_K", "Pb_L"}.isdisjoint(tiny.traces)


def test_bound_grows_with_the_root_of_the_dose(tiny):
    from benchmarks.accuracy.paintings import TestPainting

    plain = TestPainting(
        tiny.palette, tiny.instrument, tiny.expected, tiny.truth, tiny.groups, tiny.templates,
        tiny.energy, tiny.traces,
    )  # fmt: skip
    np.testing.assert_allclose(tiny.bound(500.0), plain.bound(500.0), rtol=2e-3)


def test_judged_are_the_eleven_and_what_is_plain(tiny):
    judged = judged_groups(tiny)
    assert {"Cu_K", "Pb_L", "Hg_L", "Au_L", "As_K"} <= set(judged)
    mean = dict(zip(tiny.groups, 5000 * tiny.truth.mean(axis=(0, 1)), strict=True))
    assert all(mean[name] > 5 for name in judged[judged.index("As_K") :])
    cube = tiny.counts(500.0, 1)
    assert cube.attrs["anode"] == "W"
    np.testing.assert_array_equal(cube["energy"], tiny.claimed)


@pytest.fixture
def on_tiny(monkeypatch, tmp_path, tiny):
    """The command on one tiny painting at one dose; its methods leave a list of calls."""
    calls = []

    def truth(cube, mean_counts):
        calls.append(mean_counts)
        values = tiny.truth * mean_counts
        sigma = np.full_like(values, 2.0)
        values = values + np.random.default_rng(0).normal(0, 2, values.shape)
        dims, coords = ("y", "x", "element"), {"element": list(tiny.groups)}
        return xr.Dataset(
            {"intensity": (dims, values), "uncertainty": (dims, sigma)}, coords=coords
        )

    monkeypatch.setitem(command.PATHS, "first", tmp_path / "independent.csv")
    monkeypatch.setattr(command, "PAINTINGS", (("gospel_leaf", "W 50", 106),))
    monkeypatch.setattr(command, "COUNTS", (5000.0,))
    monkeypatch.setattr(command, "load_painting", lambda *key: tiny)
    monkeypatch.setattr(
        command, "METHODS", (*command.METHODS[:2], command.Method("truth", "with noise", truth))
    )
    return calls


def invoke(*arguments):
    command.main(list(arguments), standalone_mode=False)


def test_command_judges_once_and_again_when_told(on_tiny, tiny, capsys):
    invoke("-m", "truth")
    table = pd.read_csv(command.PATHS["first"])
    assert list(table["element"]) == judged_groups(tiny)
    assert table["found"].all()
    # Errors of 2 counts that are claimed to be so.
    assert table["rmse"].between(1.4, 2.6).all()
    np.testing.assert_allclose(table["ratio"], table["rmse"] / table["bound"], rtol=1e-2)
    assert table["within_two"].dropna().between(0.85, 1).all()
    invoke("-m", "truth")
    assert len(on_tiny) == 1
    invoke("-m", "truth", "--again")
    assert len(on_tiny) == 2
    pd.testing.assert_frame_equal(
        pd.read_csv(command.PATHS["first"]).drop(columns="seconds"), table.drop(columns="seconds")
    )
    assert "| truth | 5000 |" in capsys.readouterr().out
    with pytest.raises(click.BadParameter, match="there are shipped"):
        invoke("-m", "no such method")


def test_shipped_model_on_a_tiny_painting(on_tiny, tiny, capsys):
    invoke("-m", "shipped", "-m", "shipped, denoised")
    table = pd.read_csv(command.PATHS["first"])
    assert set(table["method"]) == {"shipped", "shipped, denoised"}
    bright = table[(table["mean_counts"] > 500) & (table["method"] == "shipped")]
    assert {"Cu_K", "Pb_L"} <= set(bright["element"])
    # A hundred pixels and a wrong axis: within a tenth of the truth, and no worse.
    assert (bright["bias"].abs() < 0.1 * bright["mean_counts"]).all()
    absent = table[table["ratio"].isna()]
    assert not set(absent["element"]) & set(tiny.groups)
    assert absent["above_three"].between(0, 1).all()
    assert "5,000 counts, mean over the paintings" in capsys.readouterr().out
