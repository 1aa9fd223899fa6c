"""A note on columns without spread in train, where a BatchNorm would divide by it."""

import numpy as np
import pytest

from gtx.data import Categorical, Continuous
from gtx.data.sources import LabelledGraphs
from gtx.training.spread import notes_on_spread

WITH_NORM = {"embed": {"node_x": {"norm": {"mean": 0.0, "var": 0.0}}}}
BLOCKS = {"block_0": {"norm": {"mean": 0.0}}}


def graphs(values, colors=None):
    """Graphs with a column of three numbers: `values(part of each node)`."""
    given = LabelledGraphs(num_graphs=20).load()
    part = np.array([0, 0, 0, 1, 2])[np.repeat(np.arange(20), given.num_nodes) % 5]
    found = given.with_columns(
        "node", dict(x=values(part).astype(np.float32)), dict(x=Continuous(3))
    )
    if colors is None:
        return found
    return found.with_columns("node", dict(color=colors(part)), dict(color=Categorical((4,))))


def notes_of(graphs, *args, **options):
    parts = graphs.part("valid"), graphs.part("test")
    return notes_on_spread(graphs.part("train"), parts, *args, **options)


def moving(part):
    noise = np.random.default_rng(0).normal(size=len(part))
    return np.stack([np.full(len(part), 0.5), np.where(part == 1, 2.0, 0.5), noise], axis=1)


def test_a_number_that_is_constant_in_train_and_another_later_is_named():
    notes = notes_of(graphs(moving), lambda: WITH_NORM, dense=False)
    (note,) = notes
    assert note.startswith("1 of 3 numbers of nodes.x are the same in all of train")
    assert notes_of(graphs(moving), lambda: WITH_NORM, dense=False, ignored=["x"]) == []


@pytest.mark.parametrize("stats", [{}, {"embed": {"node_y": {"norm": {"var": 0.0}}}}, BLOCKS])
def test_without_a_norm_of_its_own_there_is_no_note(stats):
    assert notes_of(graphs(moving), lambda: stats, dense=True) == []


def test_a_number_that_is_the_same_everywhere_does_no_harm_and_the_model_is_not_traced():
    def never():
        raise AssertionError("the model was traced")

    def same(part):
        values = moving(part)
        values[:, 1] = 0.5 + 1e-8 * np.arange(len(part))
        return values

    assert notes_of(graphs(same), never, dense=True) == []


def test_nodes_that_start_equal_are_noted_where_a_model_attends_to_all_pairs():
    equal = graphs(lambda part: np.zeros((len(part), 3)), lambda part: (part[:, None] > 0) * 1)
    (note,) = notes_of(equal, lambda: BLOCKS, dense=True)
    assert "all nodes of train start equal" in note and 'norm="layer"' in note
    assert notes_of(equal, lambda: BLOCKS, dense=False) == []
    assert notes_of(equal, lambda: {}, dense=True) == []
    assert notes_of(equal.select([3, 4]), lambda: BLOCKS, dense=True) == []


@pytest.mark.slow
def test_describe_says_it_of_a_recipe():
    from configs import algorithms_gps
    from gtx import describe

    config = algorithms_gps.get_config()
    config.data.update(dict(train_count=6, valid_count=3, test_count=3, nodes=6, test_nodes=8))
    config.batch.size = 3
    config.model.update(dict(dim=8, num_layers=1, num_heads=2, norm="batch"))
    assert any("start equal" in note for note in describe.describe(config)["notes"])
