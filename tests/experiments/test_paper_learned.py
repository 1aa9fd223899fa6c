"""What the measurements of E11, E12, E16 and E18 are made of: tasks, shares, distances."""

import jax
import numpy as np
import pytest

from experiments.paper import depth, graphs, hops_learned, reach_on_molecules, sets
from gtx.data import Dataset, sbm
from gtx.data.spec import GraphSpec, Label


def test_shares_of_equal_weights_are_the_shares_of_pairs_and_over_themselves_one():
    distance = graphs.distances(graphs.path(3)).reshape(-1)
    even = np.full(9, 1 / 3)
    found = hops_learned.shares(even, distance, 3)
    np.testing.assert_allclose(found[:4], [1 / 3, 4 / 9, 2 / 9, 0])
    assert hops_learned.over_uniform(found, found) == 1


def test_weight_on_the_node_itself_does_not_count_as_locality():
    uniform = np.array([0.25, 0.25, 0.5])
    looks_at_itself = np.array([0.8, 0.2 / 3, 0.4 / 3])
    looks_at_neighbours = np.array([0.25, 0.75, 0.0])
    np.testing.assert_allclose(hops_learned.over_uniform(looks_at_itself, uniform), 1)
    np.testing.assert_allclose(hops_learned.over_uniform(looks_at_neighbours, uniform), 3)


def test_wrong_vectors_are_those_of_the_same_graph_at_other_nodes():
    dataset = sbm.cluster(4, seed=0, num_communities=3, sizes=(4, 5))
    right, wrong = (
        hops_learned.hinted(dataset, hint).nodes["laplacian_vectors"]
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
    assert hops_learned.score(np.array([[-2.0], [2.0], [9.0]]), dataset) == 1
    assert hops_learned.score(np.array([[0.0], [0.0], [9.0]]), dataset) == 0
    nodes = sbm.cluster(1, seed=0, num_communities=2, sizes=(3, 3))
    answers = np.eye(2)[nodes.labels]
    answers[0] = 1 - answers[0]
    assert hops_learned.score(answers, nodes) == 5 / 6


@pytest.mark.parametrize("task", ["max", "count"])
def test_answers_about_sets_are_of_their_own_elements(task):
    batch = graphs.batch_of([graphs.complete(n) for n in (2, 5)])
    nodes, answers = sets.draw_sets(task, jax.random.key(0), batch)
    for rows, answer in ((nodes[:2], answers[0]), (nodes[2:7], answers[1])):
        expected = rows[:, -1].max() if task == "max" else rows[:, 0].sum()
        np.testing.assert_allclose(answer, expected)


def test_a_stack_that_mixes_nothing_is_left_with_a_third_of_the_error():
    signs, wanted = zip(*(depth.draw(jax.random.key(seed)) for seed in range(200)), strict=True)
    signs, wanted = np.concatenate(signs), np.concatenate(wanted)
    np.testing.assert_allclose(wanted.var(), 1, atol=0.03)
    slope = (signs * wanted).mean()
    np.testing.assert_allclose(((wanted - slope * signs) ** 2).mean(), 0.32, atol=0.02)


def test_molecules_are_whole_and_distances_stay_within_one():
    one, other = reach_on_molecules.large_molecules(0, 2), reach_on_molecules.large_molecules(2, 2)
    for found in (one, other):
        n = int(np.asarray(found.batch.graph.n_node)[0])
        assert 20 <= n <= 32
        assert np.isfinite(found.distance[:n, :n]).all()
        assert np.isinf(found.distance[:n, n:]).all()
        assert found.distance[:n, :n].max() >= 5
        hops = found.pairs.argmax(-1)
        assert (found.pairs.sum(-1) <= 1).all() and hops.max() <= reach_on_molecules.FAR + 1
    assert one.distance.shape != other.distance.shape or (one.distance != other.distance).any()
