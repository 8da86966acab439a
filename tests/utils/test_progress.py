import re

import pytest

from skxrf.utils.progress import ProgressReport, StepReport


def test_lines_where_there_is_no_terminal(capsys):
    with ProgressReport(4000, "fitting", unit="pixels", every=0) as report:
        report.advance(1000)
        report.advance(3000)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 2
    assert lines[0].startswith("fitting: 1,000 of 4,000 pixels (25 %), ")
    assert lines[0].endswith("pixels/s, 0:00:00 left")
    assert lines[1].startswith("fitting: 4,000 of 4,000 pixels (100 %), ")
    assert lines[1].endswith("pixels/s")


def test_lines_come_no_more_often_than_asked(capsys):
    with ProgressReport(100, "fitting", every=1000) as report:
        for _ in range(100):
            report.advance(1)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with ProgressReport(200, "fitting") as report:
        report.advance(200)
    err = capsys.readouterr().err
    assert "fitting" in err
    assert "100 %" in err
    assert "spectra/s" in err


def test_nothing_when_not_enabled(capsys):
    with ProgressReport(10, "fitting", enabled=False, every=0) as report:
        report.advance(5)
    assert report.done == 5
    assert capsys.readouterr() == ("", "")


def test_a_failed_run_does_not_claim_to_be_done(capsys):
    def interrupted():
        with ProgressReport(10, "fitting") as report:
            report.advance(5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert capsys.readouterr().err == ""


def test_what_an_earlier_run_did_counts_as_done_but_not_for_the_speed(capsys):
    with ProgressReport(1000, "a rather long description of what is done", done=900, every=0) as r:
        assert r.per_second == 0
        r.advance(50)
        speed = r.per_second
        r.advance(50)
    lines = capsys.readouterr().err.splitlines()
    assert "950 of 1,000 spectra (95 %)" in lines[0]
    assert len(lines) == 2
    assert speed > 0


def test_steps_are_lines_with_the_time(capsys):
    with StepReport() as progress:
        progress.say("reading [bold] file")
        progress.begin(3)
        progress.working_on("CNN, fold 1")
        progress.finished("CNN, fold 1 of 3: SSIM 0.970")
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\[ +\d+ s\] reading \[bold\] file", lines[0])
    assert re.fullmatch(r"\[ +\d+ s\] 1/3 CNN, fold 1 of 3: SSIM 0\.970", lines[1])
    assert len(lines) == 2


def test_long_steps_are_not_broken(capsys):
    with StepReport() as progress:
        progress.say("x" * 300)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_silent_steps(capsys):
    with StepReport(enabled=False) as progress:
        progress.begin(1)
        progress.finished("done")
    assert progress.seconds >= 0
    assert capsys.readouterr() == ("", "")


def test_steps_on_a_terminal_have_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with StepReport() as progress:
        progress.begin(2)
        progress.working_on("CNN, fold 1")
        progress.finished("CNN, fold 1 of 2")
    text = capsys.readouterr().err
    assert "1 of 2 fits" in text
    assert "1/2 CNN, fold 1 of 2" in text
