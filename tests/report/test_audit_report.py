"""The page of an audit."""

from html.parser import HTMLParser

import numpy as np
import pytest

from skxrf.audit import Audit, audit_scan
from skxrf.report import write_audit_report
from tests.audit.conftest import make_scene


class Text(HTMLParser):
    """Text and tags of a page."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags = [], []
        self.feed(page)

    def handle_data(self, data):
        self.words.append(data)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def scene():
    return make_scene()


@pytest.fixture(scope="module")
def page(scene, tmp_path_factory):
    found = audit_scan(
        scene.cube,
        {"my <fit>": scene.weighted_fit, "half": lambda cube: 1 / 0},
        maps={"finished": scene.weighted_fit(scene.cube)},
        fit=scene.fit,
        n_runs=1,
        dwell=0.04,
    )
    path = write_audit_report(
        found, tmp_path_factory.mktemp("page") / "audit.html", title="scan & more"
    )
    return Text(path.read_text(encoding="utf-8"))


def test_the_page_states_errors_limits_and_blind_spots(page):
    text = " ".join(" ".join(page.words).split())
    for part in (
        "Audit of scan & more",
        "my <fit>",
        Audit.not_seen,
        "5 % needs",
        "half is left out",
    ):
        assert part in text
    assert "ZeroDivisionError" in text
    assert "≤" in text


def test_each_line_group_has_a_map_of_tiles(page):
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == 4
    assert all("aria-label" in one for one in pictures)
    n_tiles = int(np.ceil(48 / 10) * np.ceil(40 / 10))
    assert sum(tag == "rect" for tag, _ in page.tags) == 4 * n_tiles


def test_the_page_loads_nothing(page):
    assert not [a for _, a in page.tags if "src" in a or a.get("href", "").startswith("http")]


def test_a_refused_scan_has_a_page_with_the_reason(scene, tmp_path):
    doubled = scene.cube.copy(data=2 * scene.cube.to_numpy())
    found = audit_scan(doubled, {"fit": scene.weighted_fit}, fit=scene.fit, n_runs=1)
    text = write_audit_report(found, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "No errors are given" in text
    assert "multiples of 2" in text
    assert "<svg" not in text
