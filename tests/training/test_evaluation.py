import flax.linen as nn
import jax
import numpy as np
import pytest

from gtx.batching import Resident, fit_budget
from gtx.data import GraphSpec, Label
from gtx.tasks import Multiclass
from gtx.training import Evaluator, NonFiniteError, evaluate
from gtx.training.step import blank_batch
from tests.training import small


class Sums(nn.Module):
    """Graph sums of the first feature, or the features themselves."""

    level: str = "graph"

    @nn.compact
    def __call__(self, batch, *, train=False):
        x = batch.graph.nodes["feat"]
        if self.level == "node":
            return x
        return jax.ops.segment_sum(x[:, :1], batch.node_graph, len(batch.graph_mask))


def splits():
    parts = [small.dataset(n, seed=n) for n in (23, 9, 4)]
    return parts, fit_budget(parts[0], 4, num_tiers=2, cover=parts[1:])


def test_predictions_stand_in_dataset_order_and_one_program_serves_all_splits():
    parts, budget = splits()
    evaluator = Evaluator(Sums(), small.task(), budget, steps_per_call=3)
    for part in parts:
        result = evaluator({}, part, evaluator.prepare(part))
        sums = np.add.reduceat(part.nodes["feat"][:, 0], part.node_ptr[:-1])
        np.testing.assert_allclose(result.predictions[:, 0], sums * 2 + 4, rtol=1e-5, atol=1e-5)
        mae = np.abs(result.predictions - part.targets.labels).mean()
        np.testing.assert_allclose(result.metrics["mae"], mae, rtol=1e-6)
        np.testing.assert_allclose(result.loss, mae / 2, rtol=1e-5)  # of normalised labels
        assert result.labels is part.targets.labels and result.notes == ()
    assert evaluator.program.num_compilations == 1


def test_a_model_is_traced_once():
    traced = []

    class Traced(small.Small):
        def __call__(self, batch, *, train=False):
            traced.append(train)
            return super().__call__(batch, train=train)

    train, valid, budget = small.parts()
    source = Resident(train, budget)
    batch = blank_batch(source, source.constants, source.plan(0, 0))
    variables = jax.jit(Traced().init)(jax.random.key(0), batch)
    traced.clear()
    evaluator = Evaluator(Traced(), small.task(), budget)
    evaluator(variables, valid)
    evaluator(variables, train)
    assert traced == [False]


def test_node_predictions_stand_in_dataset_order():
    part = small.dataset(13)
    labels = np.argmax(part.nodes["feat"], axis=1).astype(np.int32)
    labels[::5] = -1
    label = Label("node", "multiclass", 3)
    part = type(part).from_graphs(
        [part[i] for i in range(13)], labels, spec=GraphSpec(nodes=part.spec.nodes, label=label)
    )
    budget = fit_budget(part, 4, num_tiers=2)
    result = evaluate(Sums("node"), {}, part, budget, Multiclass(label))
    expected = jax.nn.softmax(part.nodes["feat"], axis=1)
    np.testing.assert_allclose(result.predictions, expected, rtol=1e-5)
    assert result.metrics["accuracy"] == 1.0


def test_a_dataset_without_graphs_or_labels_is_not_an_error():
    (part, *_), budget = splits()
    evaluator = Evaluator(Sums(), small.task(), budget, steps_per_call=3)
    empty = evaluator({}, part.select([]))
    assert empty.predictions.shape == (0, 1) and np.isnan(empty.metrics["mae"])
    plain = part.without_labels()
    result = evaluator({}, plain)
    assert result.metrics == {} and np.isnan(result.loss)
    assert result.predictions.shape == (23, 1)


def test_a_prediction_that_is_not_finite_is_named():
    (part, *_), budget = splits()
    part.nodes["feat"][part.node_ptr[7], 0] = np.inf
    part.ids[:] += 100
    with pytest.raises(NonFiniteError, match="1 predictions are not finite. Graph ids: 107"):
        evaluate(Sums(), {}, part, budget, small.task())


@pytest.mark.parametrize("dense", [True, False])
def test_graphs_beyond_the_budget_are_scored_in_batches_of_their_own(dense):
    part = small.dataset(9)
    order = np.argsort(part.num_nodes, kind="stable")
    budget = fit_budget(part.select(order[:3]), 2, dense=dense)
    assert not budget.covers(part)
    evaluator = Evaluator(Sums(), small.task(), budget)
    found, prepared = evaluator({}, part), evaluator.prepare(part)
    # Small graphs are where they would be without the large ones.
    fits = {int(row) for row in np.flatnonzero(~budget.too_large(part))}
    rows, first = prepared[0]
    assert set(rows[rows >= 0]) == fits and first.node_mask.shape[-1] == budget.num_nodes
    assert sorted(np.concatenate([rows[rows >= 0] for rows, _ in prepared])) == list(range(9))
    wanted = evaluate(Sums(), {}, part, fit_budget(part, 4), small.task())
    np.testing.assert_allclose(found.predictions, wanted.predictions, rtol=1e-6)
    assert found.metrics == pytest.approx(wanted.metrics)
