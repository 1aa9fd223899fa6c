"""Candidates are no known links, and the ranks among them are the filtered ones."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.data import DatasetError, Label
from gtx.data.links import KnownLinks, _nodes_at, with_candidates
from gtx.data.sources import LabelledGraphs
from gtx.tasks import Link
from gtx.tasks.ranking import contact_ranks


def links_of(dataset, parts=(0, 1, 2)):
    """Pairs that are linked: positives of these parts both ways, and edges."""
    table = dataset.targets
    kept = np.isin(table.split, parts) & (table.labels[:, 0] == 1)
    start = np.repeat(dataset.node_ptr[:-1], dataset.num_edges)
    found = {tuple(pair) for pair in table.index[kept].tolist()}
    found |= {(b, a) for a, b in found}
    return found | set(
        zip((dataset.senders + start).tolist(), (dataset.receivers + start).tolist(), strict=True)
    )


@given(st.integers(0, 50), st.integers(1, 14))
@settings(deadline=None, max_examples=15)
def test_candidates_of_a_sender_are_no_links_of_it(seed, count):
    given_pairs = LabelledGraphs("pair", "binary", 10, split_seed=seed).load()
    dataset = with_candidates(given_pairs, count, seed=seed)
    links, table = links_of(given_pairs), dataset.targets
    for code in (1, 2):
        own, before = (d.targets.split == code for d in (dataset, given_pairs))
        positive = table.labels[:, 0] == 1
        old = given_pairs.targets
        np.testing.assert_array_equal(
            table.index[own & positive], old.index[before & (old.labels[:, 0] == 1)]
        )
        negatives = table.index[own & ~positive]
        assert set(negatives[:, 0]) <= set(table.index[own & positive, 0])
        for sender in np.unique(table.index[own & positive, 0]):
            graph = np.searchsorted(dataset.node_ptr, sender, side="right") - 1
            nodes = range(dataset.node_ptr[graph], dataset.node_ptr[graph + 1])
            free = {n for n in nodes if n != sender and (sender, n) not in links}
            drawn = negatives[negatives[:, 0] == sender, 1].tolist()
            assert len(drawn) == len(set(drawn)) == min(count, len(free)) and set(drawn) <= free
    again = with_candidates(given_pairs, count, seed=seed)
    np.testing.assert_array_equal(again.targets.index, table.index)
    train = table.split == 0
    np.testing.assert_array_equal(table.labels[train], old.labels[old.split == 0])


def test_with_all_candidates_the_score_is_the_corrected_one_of_contacts():
    dataset = with_candidates(LabelledGraphs("pair", "binary", 15).load(), 10**6).part("test")
    rng = np.random.default_rng(0)
    task = Link(Label("pair", "binary", 1), "filtered_mrr", hits=(3,), filtered=True)
    predictions = rng.uniform(size=(len(dataset.targets), 1)).astype(np.float32)
    scores = task.score(predictions, dataset)
    ranks = []
    for graph in range(len(dataset)):
        rows = np.flatnonzero(dataset.target_graph == graph)
        pairs = dataset.targets.index[rows] - dataset.node_ptr[graph]
        table = np.full((dataset.num_nodes[graph],) * 2, -np.inf)  # not ranked: other known links
        table[pairs[:, 0], pairs[:, 1]] = predictions[rows, 0]
        positive = dataset.targets.labels[rows, 0] == 1
        if positive.any():
            ranks.append(contact_ranks(table, pairs[positive]))
    every = np.concatenate(ranks)
    assert scores["filtered_mrr"] == pytest.approx(np.mean(1 / every))
    assert scores["filtered_hits@3"] == pytest.approx(np.mean(every <= 3))
    expected = np.mean([np.mean(1 / each) for each in ranks])
    assert scores["filtered_mrr_of_graphs"] == pytest.approx(expected)
    assert set(task.metric_names) == set(scores)


def test_what_is_no_link_is_refused():
    with pytest.raises(DatasetError, match="links are pairs with a binary label"):
        with_candidates(LabelledGraphs("node", "binary", 5).load(), 3)
    pairs = LabelledGraphs("pair", "binary", 5).load()
    with pytest.raises(DatasetError, match="at least 1"):
        with_candidates(pairs, 0)
    nothing = np.where(pairs.targets.split == 1, 0.0, pairs.targets.labels[:, 0])
    other = pairs.with_targets(
        "pair", pairs.targets.index, nothing, pairs.targets.split, label=pairs.spec.label
    )
    with pytest.raises(DatasetError, match="the valid part has no links"):
        with_candidates(other, 3)


def test_known_links_are_positives_and_edges():
    pairs = LabelledGraphs("pair", "binary", 3).load()
    known = KnownLinks.of(pairs)
    senders = np.repeat(np.arange(len(known.ptr) - 1), np.diff(known.ptr))
    assert set(zip(senders.tolist(), known.receivers.tolist(), strict=True)) == links_of(pairs)


def test_the_draw_is_that_from_a_list_of_all_free_nodes():
    given_pairs = LabelledGraphs("pair", "binary", 6, split_seed=1).load()
    found = with_candidates(given_pairs, 2, seed=5).targets
    links = links_of(given_pairs)
    negatives = found.index[(found.split == 2) & (found.labels[:, 0] == 0)]
    for sender in np.unique(negatives[:, 0]):
        graph = np.searchsorted(given_pairs.node_ptr, sender, side="right") - 1
        nodes = range(*given_pairs.node_ptr[graph : graph + 2])
        free = [n for n in nodes if n != sender and (sender, n) not in links]
        drawn = np.random.default_rng([5, 2, sender]).choice(free, 2, replace=False)
        np.testing.assert_array_equal(negatives[negatives[:, 0] == sender, 1], np.sort(drawn))
    # No list of all nodes is made for a sender: the places are counted.
    np.testing.assert_array_equal(
        _nodes_at(np.array([0, 1, 10**9]), 7, np.array([7, 8, 11, 500])), [9, 10, 10**9 + 11]
    )


def test_where_edges_are_no_links_they_are_candidates():
    given_pairs = LabelledGraphs("pair", "binary", 15).load()
    table = given_pairs.targets
    links = table.index[table.labels[:, 0] == 1]
    links = np.unique(np.concatenate([links, links[:, ::-1]]), axis=0)  # in both directions
    label, every = given_pairs.spec.label, np.full(len(links), 2)
    dataset = with_candidates(
        given_pairs.with_targets("pair", links, np.ones((len(links), 1)), every, label=label),
        10**6,
        parts=("test",),
        edges=False,
    )
    table = np.random.default_rng(0).uniform(size=(int(dataset.node_ptr[-1]),) * 2)
    task = Link(label, "filtered_mrr", filtered=True)
    predictions = table[tuple(dataset.targets.index.T)][:, None].astype(np.float32)
    ranks = []
    for start, end in zip(dataset.node_ptr[:-1], dataset.node_ptr[1:], strict=True):
        own = links[(links[:, 0] >= start) & (links[:, 0] < end)]
        if len(own):
            scores = table[start:end, start:end].astype(np.float32)
            ranks.append(contact_ranks(scores, own - start))
    expected = np.mean([np.mean(1 / each) for each in ranks])
    found = task.score(predictions, dataset)["filtered_mrr_of_graphs"]
    assert found == pytest.approx(expected)
    # A link of weight 0 is in no score.
    weights = np.ones(len(dataset.targets), np.float32)
    weights[np.flatnonzero(dataset.targets.labels[:, 0] == 1)[1:]] = 0
    table = dataset.targets.replace(weights=weights)
    scores = task.score(predictions, dataclasses.replace(dataset, targets=table))
    assert scores["filtered_mrr"] == pytest.approx(1 / ranks[0][0])
