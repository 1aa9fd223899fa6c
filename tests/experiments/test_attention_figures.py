"""Pictures of what attends to what: their entries are those of the models, and of nothing else."""

import pathlib

import numpy as np
import pytest

from experiments.figures import attention
from experiments.figures.encodings import CAFFEINE

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "figures" / "models"
pytestmark = pytest.mark.usefixtures("quick_compilation")
SIZE = len(CAFFEINE.places)


def entries(name):
    """Where the matrices of a picture have entries, and the matrices."""
    found = attention.matrices_of(attention.PICTURES[name])
    return [~np.isnan(one) for one in found], found


def test_the_pictures_of_the_page_are_those_that_the_command_draws():
    assert {path.stem for path in FOLDER.glob("*.png")} == set(attention.PICTURES)
    assert all(path.stat().st_size < 40_000 for path in FOLDER.glob("*.png"))


def test_along_edges_and_between_the_others_are_all_pairs_of_two_nodes():
    (near, far), weights = entries("san")
    np.testing.assert_array_equal(near, CAFFEINE.adjacency > 0)
    np.testing.assert_array_equal(near | far, ~np.eye(SIZE, dtype=bool))
    assert not np.any(near & far)
    np.testing.assert_allclose(np.nansum(weights[0], axis=1), 1, atol=1e-5)


def test_a_language_model_sees_itself_and_what_was_before():
    (known,), _ = entries("language_model")
    np.testing.assert_array_equal(known, np.tril(np.ones((SIZE, SIZE), bool)))


def test_edges_that_share_an_atom_attend_to_each_other():
    (known,), _ = entries("esa")
    receivers, senders = np.nonzero(CAFFEINE.adjacency)
    ends = list(zip(receivers, senders, strict=True))
    shared = [[bool({*one} & {*two}) and one is not two for two in ends] for one in ends]
    np.testing.assert_array_equal(known, shared)


@pytest.mark.slow
def test_hops_stay_with_their_node_and_a_token_or_hub_meets_every_node():
    (hops,), _ = entries("nagphormer")
    width = attention.HOPS + 1
    np.testing.assert_array_equal(hops, np.kron(np.eye(3), np.ones((width, width))) > 0)
    for name in ("graphormer", "exphormer"):
        (known,), _ = entries(name)
        assert (
            known.shape == (SIZE + 1,) * 2 and known[SIZE, :SIZE].all() and known[:SIZE, SIZE].all()
        )
    for name, full in (("gps", True), ("gt", False)):
        (known,), _ = entries(name)
        np.testing.assert_array_equal(known, full | (CAFFEINE.adjacency > 0))


@pytest.mark.slow
def test_the_command_draws_every_picture(tmp_path):
    assert attention.main([f"--folder={tmp_path}"]) == 0
    assert {path.stem for path in tmp_path.glob("*.png")} == set(attention.PICTURES)
