import dataclasses
import html.parser
import re
import shutil
import subprocess

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from skxrf.reproduction.report._document import render_report

VOID = {"meta", "img", "br", "line", "circle", "link"}


class Page(html.parser.HTMLParser):
    """Tags, texts and links of a page; refuses one whose tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.images, self.links, self.text = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        if tag == "img":
            self.images.append(attributes)
        if "href" in attributes:
            self.links.append(attributes["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    @property
    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.fixture(scope="module")
def simulated_html(simulated_result):
    return render_report(simulated_result)


@pytest.fixture(scope="module")
def measured_html(measured_result):
    return render_report(measured_result)


def test_page_is_whole_and_loads_nothing(simulated_html, measured_html):
    for text in (simulated_html, measured_html):
        page = Page(text)
        assert "script" not in page.tags
        assert set(page.links) == {"maps.nc", "scores.csv"}
        assert all(image["src"].startswith("data:image/") for image in page.images)
        assert "url(" not in text.split("</style>")[0]
        assert "@import" not in text


def test_pictures_are_described_and_numbered_in_order(simulated_html):
    page = Page(simulated_html)
    assert all(len(image["alt"]) > 10 for image in page.images)
    figures = [int(n) for n in re.findall(r"Figure (\d+)\.", simulated_html)]
    tables = [int(n) for n in re.findall(r"<b>Table (\d+)\.", simulated_html)]
    assert figures == list(range(1, len(page.images) + 1))
    assert tables == list(range(1, page.tags.count("table") + 1))


def test_simulated_and_measured_data_are_called_so(simulated_html, measured_html):
    simulated, measured = Page(simulated_html).words, Page(measured_html).words
    assert "simulated data" in simulated
    assert "true intensities of the simulation" in simulated
    assert "measured data" in measured
    assert "simulated data" not in measured
    assert "On a measured object the truth is not known" in measured


def test_names_are_escaped(simulated_html):
    assert "five &lt;simulated&gt; paintings" in simulated_html
    assert "<simulated>" not in simulated_html
    assert "-o &lt;out&gt;" in simulated_html


def test_every_method_and_the_budget_are_named(simulated_result, simulated_html):
    words = Page(simulated_html).words
    for method in simulated_result.methods:
        assert method.description in words
    assert "got 8 s of training for each fit" in words
    assert "They have not converged" in words
    assert "1,500 epochs would take" in words


def test_without_networks_nothing_is_said_of_learning(measured_result):
    classical = [m for m in measured_result.methods if m.kind == "classical"]
    scores = measured_result.scores.query("method in ['Ridge', 'Template fit']")
    fewer = dataclasses.replace(measured_result, methods=classical, scores=scores)
    words = Page(render_report(fewer)).words
    assert "learnt" not in words
    assert "epochs" not in words


def test_unlabeled_pixels_are_mentioned(measured_result):
    data = dataclasses.replace(measured_result.data, n_labeled=500)
    words = Page(render_report(dataclasses.replace(measured_result, data=data))).words
    assert "500 of the pixels have reference intensities" in words


def test_same_result_gives_the_same_page_and_leaves_matplotlib_alone(
    measured_result, measured_html
):
    before = dict(mpl.rcParams)
    assert render_report(measured_result) == measured_html
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_a_browser_prints_it_on_a4(tmp_path, measured_html):
    browser = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if browser is None:
        pytest.skip("no chromium or google-chrome is installed")
    page, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(measured_html, encoding="utf-8")
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer"]
    subprocess.run(
        [*command, f"--print-to-pdf={pdf}", page.as_uri()],
        check=True,
        capture_output=True,
        timeout=120,
    )
    content = pdf.read_bytes()
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert len(boxes) >= 2
    # A4 in points.
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
