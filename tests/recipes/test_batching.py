import dataclasses

import numpy as np
import pytest

from configs import algorithms_gps, tasks
from gtx import describe, recipes
from gtx.batching import evaluation_parts
from gtx.batching.budget import most_targets
from gtx.data.links import with_candidates
from gtx.data.sources import SOURCES, LabelledGraphs
from gtx.ops.layout import Tier


def prepared(test_nodes):
    config = algorithms_gps.get_config()
    config.data.update(train_count=8, valid_count=2, test_count=3, test_nodes=test_nodes)
    config.batch.size = 4
    config.model.update(dim=8, num_layers=1, num_heads=2)
    return config, recipes.load(config).dataset


def test_training_does_not_pad_for_much_larger_test_graphs():
    config, graphs = prepared(test_nodes=64)
    budget = recipes.budget(config, graphs)
    assert budget.tiers == (Tier(4, 16),)
    assert budget.covers(graphs.part("valid")) and not budget.covers(graphs.part("test"))
    assert describe.describe(config)["batches"]["compilations"] == {"train": 1, "evaluate": 2}
    # With a tier of its own one such graph would cost 4096 pairs beside 3 x 256: still too many.
    config.batch.num_tiers = 2
    assert not recipes.budget(config, graphs).covers(graphs.part("test"))


@pytest.mark.parametrize("test_nodes", [16, 24])
def test_graphs_of_about_the_same_size_share_the_shapes_of_training(test_nodes):
    config, graphs = prepared(test_nodes)
    budget = recipes.budget(config, graphs)
    assert all(budget.covers(graphs.part(name)) for name in ("train", "valid", "test"))
    assert budget.tiers == (Tier(4, int(np.max(graphs.num_nodes))),)


def test_training_has_no_room_for_the_candidates_of_other_parts():
    config, _ = prepared(16)
    pairs = LabelledGraphs("pair", "binary", 40).load()
    ranked = with_candidates(pairs, 10**6)
    room = {
        name: recipes.budget(config, graphs).num_targets
        for name, graphs in (("given", pairs), ("ranked", ranked))
    }
    own = most_targets(ranked.part("train"), config.batch.size)
    assert most_targets(ranked.part("test"), config.batch.size) > 2 * own
    assert room == {"given": own, "ranked": own}
    # They are scored in a shape with more room.
    budget = recipes.budget(config, ranked)
    ((_, shape),) = evaluation_parts(budget, ranked.part("test"))
    assert shape.num_targets >= most_targets(ranked.part("test"), config.batch.size)
    assert dataclasses.replace(shape, num_targets=own) == budget


@pytest.mark.parametrize("edges", [True, False])
def test_the_source_says_whether_edges_are_links(edges, monkeypatch):
    assert LabelledGraphs.edges_are_links and not SOURCES["pcqm_contact"].edges_are_links
    monkeypatch.setattr(LabelledGraphs, "edges_are_links", edges)
    config = tasks.get_config()
    config.data.update(level="pair", kind="binary", num_graphs=20)
    config.task.update(negatives=2, candidates=10**6)
    graphs = recipes.load(config).dataset
    given = LabelledGraphs("pair", "binary", 20).load()
    expected = with_candidates(given, 10**6, edges=edges).targets
    np.testing.assert_array_equal(graphs.targets.index, expected.index)
    source = recipes.batches(config, graphs.part("train"), recipes.budget(config, graphs))
    links = len(given.part("train").targets.labels.nonzero()[0])
    assert (len(source.constants.receivers) - 1 > 2 * links) == edges  # both ways, and the edges
