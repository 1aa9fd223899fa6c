"""The pictures of the paper's claims: one of each, small, the same from run to run."""

import pathlib

import pytest

from experiments.paper import draw, record, style
from experiments.paper.claims import CLAIMS, load, padded

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "figures"
# Of these the curves are recorded by make claims; until they are there is no picture.
FROM_CURVES = {name for name in CLAIMS if load(name).draws_record}
UNMEASURED = FROM_CURVES - set(record.read(record.CURVES_JSON))


def test_figures_are_small_and_there_is_a_vector_and_a_picture_of_each_claim():
    drawn = {path.stem for path in FOLDER.glob("*.svg")}
    assert drawn == {path.stem for path in FOLDER.glob("*.png")}
    assert drawn == {padded(name) for name in set(CLAIMS) - UNMEASURED}
    for path in (*FOLDER.glob("*.svg"), *FOLDER.glob("*.png")):
        assert path.stat().st_size < (150_000 if path.suffix == ".svg" else 60_000), path.name


def test_the_same_figure_gives_the_same_files(tmp_path):
    written = []
    for name in ("one", "two"):
        assert draw.main(["--only=E15", f"--folder={tmp_path / name}"]) == 0
        written.append([(tmp_path / name / f"E15.{kind}").read_bytes() for kind in ("svg", "png")])
    assert written[0] == written[1]


def test_a_claim_that_is_not_there_is_refused_by_name(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        draw.main(["--only=E15,E99", f"--folder={tmp_path}"])
    assert "There is no claim E99; there are E1, E2" in capsys.readouterr().err


def drawn(name, folder):
    style.save(draw.draw(name), folder, name)
    assert {path.name for path in folder.iterdir()} == {f"{name}.svg", f"{name}.png"}


@pytest.mark.parametrize("name", sorted(FROM_CURVES - UNMEASURED))
def test_what_was_recorded_is_drawn(name, tmp_path):
    drawn(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(CLAIMS) - FROM_CURVES))
def test_a_figure_is_drawn_from_live_tensors(name, tmp_path, quick_compilation):
    drawn(name, tmp_path)


def test_a_figure_of_what_was_not_measured_says_what_to_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "CURVES_JSON", tmp_path / "curves.json")
    assert draw.main(["--only=E17", f"--folder={tmp_path}"]) == 1
    assert "E17 is not in docs/curves.json: run `make claims`." in capsys.readouterr().out
