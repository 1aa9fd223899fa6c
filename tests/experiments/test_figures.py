"""The pictures of the documentation: one of each encoding, small, and drawn by one command."""

import dataclasses
import pathlib

import numpy as np
import pytest

import gtx.encodings
from experiments.figures import encodings

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "figures" / "encodings"
SHOWN = {type(picture.encoding).__name__ for picture in encodings.PICTURES.values()}
# Drawn apart, or as another one.
APART = {"ShortestPaths", "DegreeClass"}


def test_every_encoding_has_a_picture():
    known = {
        name
        for name, kind in vars(gtx.encodings).items()
        if dataclasses.is_dataclass(kind) and "columns" in vars(kind)
    }
    assert len(known) > 10
    assert known == SHOWN | APART


def test_caffeine_is_caffeine():
    degrees = encodings.CAFFEINE.adjacency.sum(0)
    assert len(degrees) == 14 and degrees.sum() == 2 * 15
    assert np.bincount(degrees.astype(int)).tolist() == [0, 5, 2, 7]
    lengths = np.diff(encodings.CAFFEINE.places[encodings.CAFFEINE.edges], axis=1)
    assert np.abs(np.linalg.norm(lengths, axis=-1) - 1).max() < 0.2  # no bond is drawn astray


def drawn(folder, *arguments):
    assert encodings.main([f"--folder={folder}", *arguments]) == 0
    return {path.name for path in folder.glob("*.png")}


def test_the_pictures_of_the_page_are_small_and_are_those_that_the_command_draws(tmp_path):
    assert {path.stem for path in FOLDER.glob("*.png")} == set(encodings.DRAWN)
    for path in FOLDER.glob("*.png"):
        assert path.stat().st_size < 60_000, path.name
    assert drawn(tmp_path, "--only=degree,shortest_paths") == {"degree.png", "shortest_paths.png"}


@pytest.mark.slow
def test_the_command_draws_every_picture(tmp_path):
    assert drawn(tmp_path) == {path.name for path in FOLDER.glob("*.png")}
