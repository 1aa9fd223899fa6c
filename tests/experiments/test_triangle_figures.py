"""Pictures of what triangles attend to: weights of the models, by the formulas of their layers."""

import pathlib

import numpy as np
import pytest

from experiments.figures import triangles

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "figures" / "triangles"
pytestmark = pytest.mark.usefixtures("quick_compilation")
FIRST, SECOND = triangles.PAIR


def grids(run, names):
    """Arrays of the call as [i, j, heads, feat], one atom after the other."""
    found = []
    for name in names:
        values = np.float64(run.given[name])
        grid = np.zeros((triangles.SIZE, triangles.SIZE, *values.shape[1:]))
        grid[run.ends] = values
        found.append(grid)
    return found


def logits(name, run):
    """Of the pair (i, j) for each third node and head, [k, heads], without a scale."""
    if name == "edge_transformer":
        q, k = grids(run, ["query", "key"])
        return (q[FIRST] * k[:, SECOND]).sum(-1)
    if name == "tgt":
        q, k, b = grids(run, ["query", "key", "bias"])
        return (q[FIRST, SECOND] * k[SECOND]).sum(-1) + np.sqrt(k.shape[-1]) * b[FIRST]
    q, k, second = grids(run, ["query", "key", "second_key"])
    return (q[FIRST, SECOND] * (k[FIRST] + second[:, SECOND])).sum(-1) / np.sqrt(2)


@pytest.mark.parametrize("name", triangles.PICTURES)
def test_weights_are_the_softmax_over_the_third_node(name):
    run = triangles.run_of(triangles.PICTURES[name])
    exponents = np.exp(logits(name, run) / np.sqrt(run.given["query"].shape[-1]))
    weights = triangles.weights_of(run)
    np.testing.assert_allclose(
        weights[FIRST, SECOND], (exponents / exponents.sum(0)).mean(1), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert weights[FIRST, SECOND].max() > 1.05 * weights[FIRST, SECOND].min()


def test_the_pictures_of_the_page_are_those_that_the_command_draws():
    assert {path.stem for path in FOLDER.glob("*.png")} == set(triangles.PICTURES)
    assert all(path.stat().st_size < 40_000 for path in FOLDER.glob("*.png"))


@pytest.mark.slow
def test_the_command_draws_every_picture(tmp_path):
    assert triangles.main([f"--folder={tmp_path}"]) == 0
    assert {path.stem for path in tmp_path.glob("*.png")} == set(triangles.PICTURES)
