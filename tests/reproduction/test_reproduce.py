import numpy as np
import pandas as pd
import pytest

from skxrf.exceptions import LineGroupError, SkxrfError
from skxrf.reproduction import reproduce
from skxrf.reproduction._rivals import RIVALS


@pytest.fixture
def files(scan_files):
    """Two folds of a small scan with reference maps."""
    return {"cube": scan_files / "scan.h5", "maps": scan_files / "maps.nc", "n_folds": 2}


def test_a_simulated_run_is_complete(quick_paintings):
    elements = ["Ca_K", "Fe_K", "Pb_L"]
    result = reproduce(methods=["Ridge"], shape=(12, 14), n_folds=2, elements=elements)
    assert result.elements == elements
    assert set(result.methods[0].predictions) == {"icon_1", "icon_test"}
    assert all(np.isfinite(m).all() for m in result.methods[0].predictions.values())
    assert list(result.methods[0].folds["n_predicted"]) == [168, 168]
    assert set(result.scores["against"]) == {"reference", "truth"}
    assert result.provenance["random state"] == "0"


def test_a_run_on_files_scores_against_their_maps_only(files):
    result = reproduce(**files, methods=["k nearest neighbours", "Template fit"])
    assert result.truth is None
    assert set(result.scores["against"]) == {"reference"}
    # With given maps, the template fit is a rival like any other.
    assert not any(m.is_reference for m in result.methods)
    assert set(result.reference) == {"scan.h5"}


def test_tables_have_the_mean_first_and_the_methods_in_order(files):
    result = reproduce(**files, methods=["k nearest neighbors", "PLS"])
    table = result.table("rmse")
    assert list(table.index) == ["PLS", "k nearest neighbors"]
    assert list(table.columns) == ["mean", "Ca_K", "Fe_K", "Pb_L"]
    difference = result.methods[0].predictions["scan.h5"] - result.reference["scan.h5"]
    expected = float(np.sqrt((difference.sel(element="Pb_L").astype(float) ** 2).mean()))
    assert result.score("PLS", "rmse", element="Pb_L") == pytest.approx(expected, rel=1e-4)


def test_same_seed_gives_the_same_maps(files):
    first, again = (
        reproduce(**files, methods=["Random forest"], random_state=4, max_samples=200)
        for _ in range(2)
    )
    np.testing.assert_array_equal(
        first.methods[0].predictions["scan.h5"], again.methods[0].predictions["scan.h5"]
    )
    pd.testing.assert_frame_equal(first.scores, again.scores)


def test_methods_are_named_in_any_case_and_ordered_as_the_tables(files):
    result = reproduce(**files, methods=["k NEAREST neighbors", "pls"])
    assert [m.name for m in result.methods] == ["PLS", "k nearest neighbors"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_folds": 1}, "n_folds must be at least 2"),
        ({"budget": 0}, "budget must be positive"),
        ({"max_samples": 0}, "max_samples must be at least 1"),
        ({"methods": ["Ridge", "magic"]}, "unknown method 'magic'"),
        ({"methods": []}, r"unknown method \(none given\)"),
        ({"maps": "maps.nc"}, "belong to a cube"),
        ({"cube": "cube.h5", "shape": (9, 9)}, "shape is that of simulated"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(SkxrfError, match=message):
        reproduce(**options)


def test_unknown_line_groups_and_files_are_refused(tmp_path):
    with pytest.raises(LineGroupError):
        reproduce(elements=["Xx_K"], shape=(8, 8), methods=["Ridge"])
    with pytest.raises(FileNotFoundError, match=r"nowhere\.h5"):
        reproduce(cube=tmp_path / "nowhere.h5")


def test_every_method_has_a_name_once():
    assert len({rival.name.lower() for rival in RIVALS.values()}) == len(RIVALS) == 12
