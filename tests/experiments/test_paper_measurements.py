"""What the measurements of the claims are made of: tasks, shares, distances, choices."""

import jax
import numpy as np
import pytest

from experiments.paper import batches, graphs
from experiments.paper.claims import (
    e06_first_choices,
    e11_molecules,
    e12_sets,
    e16_depth,
    e18_control,
    e18_locality,
)
from gtx.data import Dataset
from gtx.data.sources import SBMCluster
from gtx.data.spec import GraphSpec, Label


def test_shares_of_equal_weights_are_the_shares_of_pairs_and_over_themselves_one():
    distance = graphs.distances(graphs.path(3)).reshape(-1)
    even = np.full(9, 1 / 3)
    found = e18_locality.shares(even, distance, 3)
    np.testing.assert_allclose(found[:4], [1 / 3, 4 / 9, 2 / 9, 0])
    assert e18_locality.over_uniform(found, found) == 1


def test_weight_on_the_node_itself_does_not_count_as_locality():
    uniform = np.array([0.25, 0.25, 0.5])
    looks_at_itself = np.array([0.8, 0.2 / 3, 0.4 / 3])
    looks_at_neighbours = np.array([0.25, 0.75, 0.0])
    np.testing.assert_allclose(e18_locality.over_uniform(looks_at_itself, uniform), 1)
    np.testing.assert_allclose(e18_locality.over_uniform(looks_at_neighbours, uniform), 3)


def test_wrong_vectors_are_those_of_the_same_graph_at_other_nodes():
    dataset = SBMCluster(4, num_communities=3, min_size=4, max_size=5).load()
    right, wrong = (
        e18_locality.hinted(dataset, hint).nodes["laplacian_vectors"]
        for hint in ("vectors", "shuffled")
    )
    for start, stop in zip(dataset.node_ptr[:-1], dataset.node_ptr[1:], strict=True):
        one, other = right[start:stop], wrong[start:stop]
        assert (one != other).any()
        np.testing.assert_array_equal(one[np.lexsort(one.T)], other[np.lexsort(other.T)])
        np.testing.assert_allclose((one[:, 0] ** 2).sum(), stop - start, rtol=1e-4)


def test_a_score_is_explained_variance_or_the_share_of_right_nodes():
    label = Label("graph", "regression", 1, mean=(2.0,), std=(0.5,))
    dataset = Dataset.from_columns(
        node_ptr=[0, 1, 2], edge_ptr=[0, 0, 0], senders=[], receivers=[],
        labels=np.array([[1.0], [3.0]]), spec=GraphSpec(label=label),
    )  # fmt: skip
    assert e18_locality.score(np.array([[-2.0], [2.0], [9.0]]), dataset) == 1
    assert e18_locality.score(np.array([[0.0], [0.0], [9.0]]), dataset) == 0
    nodes = SBMCluster(1, num_communities=2, min_size=3, max_size=3).load()
    answers = np.eye(2)[nodes.targets.labels]
    answers[0] = 1 - answers[0]
    assert e18_locality.score(answers, nodes) == 5 / 6


@pytest.mark.parametrize("task", ["max", "count"])
def test_answers_about_sets_are_of_their_own_elements(task):
    batch = batches.batch_of([graphs.complete(n) for n in (2, 5)])
    nodes, answers = e12_sets.draw_sets(task, jax.random.key(0), batch)
    for rows, answer in ((nodes[:2], answers[0]), (nodes[2:7], answers[1])):
        expected = rows[:, -1].max() if task == "max" else rows[:, 0].sum()
        np.testing.assert_allclose(answer, expected)


def test_a_stack_that_mixes_nothing_is_left_with_a_third_of_the_error():
    keys = jax.random.split(jax.random.key(0), 200)
    signs, wanted = map(np.asarray, jax.vmap(e16_depth.draw_examples)(keys))
    np.testing.assert_allclose(wanted.var(), 1, atol=0.03)
    slope = (signs * wanted).mean()
    np.testing.assert_allclose(((wanted - slope * signs) ** 2).mean(), 0.32, atol=0.02)


def test_molecules_are_whole_and_distances_stay_within_one():
    one, other = e11_molecules.large_molecules(0, 2), e11_molecules.large_molecules(2, 2)
    for found in (one, other):
        n = int(np.asarray(found.batch.graph.n_node)[0])
        assert 20 <= n <= 32
        assert np.isfinite(found.distance[:n, :n]).all()
        assert np.isinf(found.distance[:n, n:]).all()
        assert found.distance[:n, :n].max() >= 5
        hops = found.pairs.argmax(-1)
        assert (found.pairs.sum(-1) <= 1).all() and hops.max() <= e11_molecules.FAR + 1
    assert one.distance.shape != other.distance.shape or (one.distance != other.distance).any()


def test_masses_by_hop_share_out_all_attention():
    distance = graphs.distances(graphs.path(4))
    masses = e18_control.mass_by_hop(np.full((4, 4), 0.25), distance)
    np.testing.assert_allclose(masses, np.array([4, 6, 4, 2]) / 16)


def test_first_choices_are_counted_over_nodes_that_receive():
    matrix = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 0.0]])
    assert e06_first_choices.distinct_favourites(matrix) == 2
