"""Whatever the targets are: batches hold them, evaluation returns them in their order."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gtx.batching import (
    Budget,
    BudgetError,
    Columns,
    Resident,
    assemble,
    batch_graphs,
    check_batch,
    fit_budget,
    plan,
)
from gtx.batching.plan import evaluation_plan
from gtx.data import Dataset, Label
from gtx.graphs import from_arrays
from gtx.ops.layout import Tier
from gtx.tasks import Regression
from gtx.training import Evaluator, evaluate
from tests.batching.datasets import make_dataset
from tests.data.test_dataset import SEEDS
from tests.data.test_targets import LEVELS, random_targets

SIZES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=7)


class Names(nn.Module):
    """For each place of the targets a number that names it, whatever the batch; NaN in padding."""

    @nn.compact
    def __call__(self, batch, *, train=False):
        x = batch.graph.nodes["x"][:, :1]
        senders, receivers = batch.senders, batch.receivers
        weight = batch.graph.edges["w"]
        values = {
            "graph": batch.graph.globals["g"][:, :1],
            "node": x,
            "edge": weight + 2 * x[senders] + 3 * x[receivers],
        }
        index, level = batch.targets.index, batch.targets.level
        if level == "pair":
            found = 2 * x[index[:, 0]] + 3 * x[index[:, 1]]
        else:
            found = values[level][index]
        return jnp.where(batch.targets.mask[:, None], found, jnp.nan)


def expected(dataset):
    """The same numbers straight from the columns of the dataset."""
    table, x = dataset.targets, dataset.nodes["x"][:, :1]
    if table.level == "graph":
        return dataset.graphs["g"][table.index, :1]
    if table.level == "node":
        return x[table.index]
    if table.level == "pair":
        return 2 * x[table.index[:, 0]] + 3 * x[table.index[:, 1]]
    first = dataset.node_ptr[dataset.target_graph]
    senders, receivers = (
        ends[table.index] + first for ends in (dataset.senders, dataset.receivers)
    )
    return dataset.edges["w"][table.index] + 2 * x[senders] + 3 * x[receivers]


def any_targets(sizes, seed, level) -> Dataset:
    """Random targets with labels, of which some are missing."""
    dataset = random_targets(make_dataset(sizes, seed=seed), level, np.random.default_rng(seed))
    dataset.targets.labels[1::3] = np.nan
    return dataset


@given(SIZES, SEEDS, LEVELS, st.integers(1, 3))
@settings(deadline=None, max_examples=12)
def test_evaluation_returns_any_table_in_its_order(sizes, seed, level, batch_size):
    dataset = any_targets(sizes, seed, level)
    task = Regression(Label(level, "regression", 1), loss_name="mse")
    budget = fit_budget(dataset, batch_size, num_tiers=2)
    result = evaluate(Names(), {}, dataset, budget, task)
    found = expected(dataset)
    np.testing.assert_allclose(result.predictions, found, rtol=1e-6)
    assert result.labels is dataset.targets.labels
    errors = (found - dataset.targets.labels) ** 2
    if np.isnan(errors).all():
        assert np.isnan(result.loss)
    else:
        np.testing.assert_allclose(result.loss, np.nanmean(errors), rtol=1e-4)


@given(SIZES, SEEDS, LEVELS)
@settings(deadline=None, max_examples=20)
def test_the_batches_of_an_epoch_hold_every_target_once(sizes, seed, level):
    dataset = any_targets(sizes, seed, level)
    budget = fit_budget(dataset, 2, num_tiers=2)
    columns, seen = Columns.from_dataset(dataset), []
    for row in plan(dataset, budget, seed=seed)[:, 0]:
        host = assemble(columns, row, budget)
        check_batch(host)
        assert not host.targets.labels[~graph_of(host)].any()
        seen.append(host.targets.labels[host.targets.mask, 0])
    every = np.sort(np.concatenate(seen))
    np.testing.assert_array_equal(every, np.sort(dataset.targets.labels[:, 0]))


def graph_of(batch):
    """Which places of the targets belong to a graph, though they may be no target themselves."""
    masks = {"graph": batch.graph_mask, "node": batch.node_mask}
    return np.asarray(masks.get(batch.targets.level, batch.targets.mask))


@pytest.mark.parametrize("level", ["node", "edge", "pair"])
def test_numpy_and_compiled_jax_assemble_the_same_targets(level):
    dataset = any_targets([(4, 6), (3, 2), (0, 0)], 5, level)
    budget = fit_budget(dataset, 2, num_tiers=2)
    source = Resident(dataset, budget)
    row = plan(dataset, budget, seed=0)[0, 0]
    host = assemble(Columns.from_dataset(dataset), row, budget)
    device = jax.jit(source.batch)(source.constants, row, jax.random.key(0))
    for one, two in zip(jax.tree.leaves(host), jax.tree.leaves(device), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("level", ["graph", "node", "edge", "pair"])
def test_shards_of_a_batch_have_its_sums(level):
    sizes = [(4, 6), (3, 2), (5, 9), (2, 1), (4, 3), (1, 1), (3, 5), (5, 4)]
    dataset = any_targets(sizes, 3, level)
    task = Regression(Label(level, "regression", 1), loss_name="mse")
    sums = []
    for shards in (1, 2):
        budget = fit_budget(dataset, 4, num_shards=shards)
        rows, columns = evaluation_plan(dataset, budget), Columns.from_dataset(dataset)
        batches = [assemble(columns, row, budget) for row in rows.reshape(-1, rows.shape[-1])]
        losses = [task.loss(Names().apply({}, batch), batch) for batch in batches]
        sums.append(np.sum(np.asarray(losses, np.float64), axis=0))
    np.testing.assert_allclose(sums[0], sums[1], rtol=1e-6)
    assert sums[0][1] == np.sum(~np.isnan(dataset.targets.labels))


def test_all_graphs_in_one_batch_have_room_for_their_targets():
    dataset = any_targets([(4, 6), (0, 0), (5, 9)], 1, "pair")
    batch = batch_graphs(dataset)
    check_batch(jax.device_get(batch))
    assert batch.targets.mask.sum() == len(dataset.targets)


def test_a_budget_without_room_for_the_targets_is_refused():
    graph = from_arrays([0, 1], [1, 0], n_node=2)
    dataset = Dataset.from_graphs([graph, graph]).with_targets("pair", [[0, 1], [1, 0], [3, 2]])
    budget = fit_budget(dataset, 1)
    assert budget.num_targets == 2 and Budget.from_json(budget.to_json()) == budget
    with pytest.raises(BudgetError, match="3 targets of level 'pair'.*room for 2"):
        plan(dataset, dataclasses.replace(budget, tiers=(Tier(2, 2),)), seed=0)
    nodes = Dataset.from_graphs([graph, graph])
    with pytest.raises(BudgetError, match="has room for none"):
        plan(dataset, fit_budget(nodes, 1), seed=0)
    assert fit_budget(nodes, 1).num_targets is None


def test_a_dataset_whose_targets_are_not_those_of_the_task_is_refused():
    graph = from_arrays([0], [1], n_node=2)
    dataset = Dataset.from_graphs([graph])
    evaluator = Evaluator(
        Names(), Regression(Label("node", "regression", 1)), fit_budget(dataset, 1)
    )
    with pytest.raises(ValueError, match="predicts for each node.*those of each graph"):
        evaluator({}, dataset)
