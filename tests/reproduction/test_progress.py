import re

from skxrf.reproduction._progress import Progress


def test_lines_tell_what_is_done_and_how_far(capsys):
    with Progress() as progress:
        progress.say("reading [bold] file")
        progress.begin(3)
        progress.working_on("CNN, fold 1")
        progress.finished("CNN, fold 1 of 3: SSIM 0.970")
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\[ +\d+ s\] reading \[bold\] file", lines[0])
    assert re.fullmatch(r"\[ +\d+ s\] 1/3 CNN, fold 1 of 3: SSIM 0\.970", lines[1])
    assert len(lines) == 2


def test_long_lines_are_not_broken(capsys):
    with Progress() as progress:
        progress.say("x" * 300)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_silence(capsys):
    with Progress(enabled=False) as progress:
        progress.begin(1)
        progress.finished("done")
    assert progress.seconds >= 0
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with Progress() as progress:
        progress.begin(2)
        progress.working_on("CNN, fold 1")
        progress.finished("CNN, fold 1 of 2")
    text = capsys.readouterr().err
    assert "1 of 2 fits" in text
    assert "1/2 CNN, fold 1 of 2" in text
