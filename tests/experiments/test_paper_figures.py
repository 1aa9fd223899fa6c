"""The pictures of the paper's claims: one of each, small, the same from run to run."""

import pathlib

import matplotlib
import pytest

from experiments.figures import paper, style
from experiments.paper import record
from experiments.paper.claims import CLAIMS

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "figures"
# Of these the curves are recorded by make claims; until they are there is no picture.
FROM_CURVES = {"E11", "E12", "E14", "E16", "E17", "E18"}
UNMEASURED = FROM_CURVES - set(record.read(record.CURVES_JSON))


def test_every_claim_has_a_figure():
    assert sorted(paper.FIGURES) == sorted(f"E{claim.number:02}" for claim in CLAIMS)


def test_figures_are_small_and_there_is_a_vector_and_a_picture_of_each():
    drawn = {path.stem for path in FOLDER.glob("*.svg")}
    assert drawn == {path.stem for path in FOLDER.glob("*.png")}
    assert drawn == set(paper.FIGURES) - UNMEASURED
    for path in (*FOLDER.glob("*.svg"), *FOLDER.glob("*.png")):
        assert path.stat().st_size < (150_000 if path.suffix == ".svg" else 60_000), path.name


def test_the_same_figure_gives_the_same_files(tmp_path):
    written = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        with matplotlib.rc_context(style.SETTINGS):
            style.save(paper.FIGURES["E15"](), folder, "E15")
        written.append([(folder / f"E15.{kind}").read_bytes() for kind in ("svg", "png")])
    assert written[0] == written[1]


def draw(name, folder):
    with matplotlib.rc_context(style.SETTINGS):
        style.save(paper.FIGURES[name](), folder, name)
    assert {path.name for path in folder.iterdir()} == {f"{name}.svg", f"{name}.png"}


@pytest.mark.parametrize("name", sorted(FROM_CURVES - UNMEASURED))
def test_what_was_recorded_is_drawn(name, tmp_path):
    draw(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(paper.FIGURES) - FROM_CURVES))
def test_a_figure_is_drawn_from_live_tensors(name, tmp_path, quick_compilation):
    draw(name, tmp_path)


def test_a_figure_of_what_was_not_measured_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "CURVES_JSON", tmp_path / "curves.json")
    with pytest.raises(style.NotMeasured, match="E17.*make claims"):
        paper.FIGURES["E17"]()
