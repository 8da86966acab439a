import runpy
from pathlib import Path

import pytest

from skxrf.simulation import Instrument

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "user_guide" / "instruments.md"
SCRIPT = runpy.run_path(str(DOCS.parent / "tools" / "instrument_sources.py"))
SOURCES, numbers, table = (SCRIPT[name] for name in ("SOURCES", "numbers", "table"))


@pytest.mark.parametrize("preset", sorted(SOURCES))
def test_every_number_has_its_source_in_the_user_guide(preset):
    named = dict(numbers(getattr(Instrument, preset)()))
    assert set(named) == set(SOURCES[preset])
    assert {"voltage", "lens.cutoff" if "air" not in preset else "lens", "detector.fano"} <= {
        *named
    }
    for name, source in SOURCES[preset].items():
        assert source.startswith(("header, ", "fitted to ", "assumed", "read off ", "NIST, ")), name
    assert table(preset) in GUIDE.read_text(encoding="utf-8")


def test_all_presets_are_listed():
    assert {"m6_jetstream", "m4_tornado", "in_air_silver"} == set(SOURCES)
