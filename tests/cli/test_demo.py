from skxrf.io import open_maps
from skxrf.simulation import Instrument


def test_demo_ends_with_a_report_and_keeps_what_is_there(
    skxrf, shipped_on_icon, monkeypatch, tmp_path
):
    # 1024 channels instead of 4096, and a model that is bound already: tests/pretrained binds it.
    scanner = Instrument.m6_jetstream().with_axis(0.0, 0.025, 1024)
    monkeypatch.setattr(Instrument, "m6_jetstream", lambda: scanner)
    monkeypatch.setattr("skxrf.pretrained.load_pretrained", lambda: shipped_on_icon[2])
    folder = tmp_path / "demo"
    run = skxrf("demo", "-o", folder)
    assert run.status == 0, run.err
    assert f"Open {folder / 'report.html'} in a browser" in run.out.splitlines()[-1]
    assert {"Fe_K", "Cu_K", "Hg_L", "Pb_L"} <= set(open_maps(folder / "maps.nc")["element"].values)
    assert (folder / "hg_cu_pb.png").read_bytes().startswith(b"\x89PNG")
    run = skxrf("demo", "-o", folder)
    assert (run.status, "exists" in run.err) == (2, True)
