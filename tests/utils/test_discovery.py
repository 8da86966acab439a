from sklearn.base import BaseEstimator

from skxrf.compose import SubsampledRegressor
from skxrf.preprocessing import ChannelBinner, EnergyRangeSelector, SpectrumNormalizer
from skxrf.utils.discovery import all_estimators, public_modules


def test_finds_the_estimators_once_and_in_order():
    found = all_estimators()
    names = [name for name, _ in found]
    assert names == sorted(set(names))
    for estimator in (ChannelBinner, EnergyRangeSelector, SpectrumNormalizer, SubsampledRegressor):
        assert (estimator.__name__, estimator) in found
    assert all(issubclass(cls, BaseEstimator) and cls.__name__ == name for name, cls in found)


def test_finds_no_private_module():
    names = [module.__name__ for module in public_modules()]
    assert names[0] == "skxrf"
    assert {"skxrf.metrics", "skxrf.utils.discovery"} <= set(names)
    assert not any("._" in name for name in names)
    assert not any(name.startswith(("skxrf.io.cubes", "skxrf.io.maps")) for name in names)
