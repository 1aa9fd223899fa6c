import functools

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gtx.batching import Resident, Streamed, fit_budget
from gtx.training import make_train_chunk
from gtx.training.finite import NonFiniteError, check_finite
from gtx.training.state import evaluation_variables, init_state
from gtx.training.step import blank_batch, empty_rows
from tests.training import small

MODEL, TASK, OPTIMIZER = small.Small(), small.task(), small.optimizer()


@pytest.fixture(scope="module")
def setup():
    train = small.dataset(22)
    budget = fit_budget(train, 4, num_tiers=2)
    source = Resident(train, budget)
    rows = source.plan(0, 0)
    batch = blank_batch(source, source.constants, rows)
    return (
        train,
        budget,
        rows,
        source,
        make_train_chunk(MODEL, TASK, OPTIMIZER, source),
        functools.partial(init_state, MODEL, OPTIMIZER, batch),
    )


def run(chunk, source, state, rows, seed=0, constants=None):
    constants = source.constants if constants is None else constants
    return jax.device_get(chunk(state, constants, source.chunk(rows), rows, np.uint32(seed)))


def filled(rows, steps):
    return np.concatenate([rows, empty_rows(steps - len(rows), like=rows)])


def test_a_chunk_equals_steps_taken_one_by_one_in_plain_jax(setup):
    train, budget, rows, source, chunk, start = setup
    rule = OPTIMIZER.transformation()

    @jax.jit
    def plain(state, average, batch, key, step):
        def loss(params):
            variables = {"params": params, "batch_stats": state["batch_stats"]}
            outputs, changed = MODEL.apply(
                variables, batch, train=True, rngs={"dropout": key}, mutable=["batch_stats"]
            )
            error = jnp.abs(outputs - (batch.targets.labels - 4.0) / 2.0)[:, 0]
            value = jnp.where(batch.graph_mask, error, 0).sum() / batch.graph_mask.sum()
            return value, changed["batch_stats"]

        (value, stats), grads = jax.value_and_grad(loss, has_aux=True)(state["params"])
        updates, opt = rule.update(grads, state["opt"], state["params"])
        params = optax.apply_updates(state["params"], updates)
        weight = 0.1 / (1 - 0.9 ** (step + 1))
        current = {"params": params, "batch_stats": stats}
        average = jax.tree.map(lambda a, c: a + weight * (c - a), average, current)
        return dict(params=params, batch_stats=stats, opt=opt), average, value

    state = start(0)
    mine = dict(params=state.params, batch_stats=state.batch_stats, opt=state.opt_state)
    average, losses = {"params": state.params, "batch_stats": state.batch_stats}, []
    stream = Streamed(train, budget)
    for step in range(len(rows)):
        batch = jax.tree.map(lambda x: x[0, 0], stream.chunk(rows[step : step + 1]))
        key = jax.random.fold_in(jax.random.key(0), step)
        mine, average, value = plain(mine, average, batch, key, step)
        losses.append(float(value))
    end, report = run(chunk, source, start(0), rows)
    assert end.step == len(rows)
    assert small.max_difference(end.params, mine["params"]) < 1e-6
    assert small.max_difference(end.batch_stats, mine["batch_stats"]) < 1e-5
    assert small.max_difference(evaluation_variables(end), average) < 1e-5
    np.testing.assert_allclose(report.loss_sum / report.count, losses, rtol=1e-5)
    rates = [float(OPTIMIZER.learning_rate(step)) for step in range(len(rows))]
    np.testing.assert_allclose(report.learning_rate, rates, rtol=1e-6)
    assert np.all(report.taken) and np.all(report.finite) and np.all(report.grad_norm > 0)


def test_where_an_epoch_is_cut_into_chunks_does_not_change_a_bit(setup):
    _, _, rows, source, chunk, start = setup
    whole, report = run(chunk, source, start(0), rows)
    for cut in (1, 4):
        state, first = run(chunk, source, start(0), filled(rows[:cut], len(rows)))
        assert state.step == cut and first.taken.sum() == cut
        state, second = run(chunk, source, state, filled(rows[cut:], len(rows)))
        assert small.same_bits(state, whole)
        losses = np.concatenate([first.loss_sum[:cut], second.loss_sum[: len(rows) - cut]])
        assert losses.tobytes() == report.loss_sum.tobytes()
    assert chunk.num_compilations == 1


def test_empty_rows_leave_the_state_alone(setup):
    _, _, rows, source, chunk, start = setup
    state, report = run(chunk, source, start(0), empty_rows(len(rows), like=rows))
    assert small.same_bits(state, jax.device_get(start(0)))
    assert not report.taken.any() and not report.count.any() and report.finite.all()


def test_another_seed_gives_other_dropout(setup):
    _, _, rows, source, chunk, start = setup
    one, _ = run(chunk, source, start(0), rows, seed=0)
    two, _ = run(chunk, source, start(0), rows, seed=1)
    assert small.max_difference(one.params, two.params) > 1e-5
    assert chunk.num_compilations == 1


def test_streamed_batches_give_the_same_training(setup):
    train, budget, rows, source, chunk, start = setup
    stream = Streamed(train, budget)
    end, _ = run(make_train_chunk(MODEL, TASK, OPTIMIZER, stream), stream, start(0), rows)
    assert small.max_difference(end, run(chunk, source, start(0), rows)[0]) < 1e-6


@pytest.mark.parametrize("bad", ["label", "feature"])
def test_a_step_that_is_not_finite_is_not_applied_and_named(setup, bad):
    train, budget, rows, source, chunk, start = setup
    victim = int(rows[3][rows[3] >= 0][0])
    columns = source.constants
    if bad == "label":
        labels = np.array(columns.targets.labels)
        labels[victim] = np.inf
        targets = dataclass_replace(columns.targets, labels=labels)
        columns = dataclass_replace(columns, targets=targets)
    else:
        feature = np.array(columns.nodes["feat"])
        feature[train.node_ptr[victim]] = 1e38
        columns = dataclass_replace(columns, nodes={"feat": feature})
    before, _ = run(chunk, source, start(0), filled(rows[:3], len(rows)), constants=columns)
    state, report = run(chunk, source, start(0), rows, constants=columns)
    assert small.same_bits(state, before)
    assert report.taken.tolist() == [True] * 4 + [False] * (len(rows) - 4)
    with pytest.raises(NonFiniteError, match="step 13. The step was not applied") as error:
        check_finite(report, rows, lambda rows: train.ids[rows] + 100, 10, state.params)
    assert error.value.step == 13
    assert victim + 100 in error.value.graph_ids
    assert set(error.value.graph_ids - 100) == set(rows[3][rows[3] >= 0])
    assert error.value.names[0] == "loss"
    assert str(victim + 100) in str(error.value)


def dataclass_replace(columns, **changes):
    import dataclasses

    return jax.device_put(dataclasses.replace(columns, **changes))


def test_an_update_that_is_not_finite_is_not_applied(setup):
    train, _, rows, source, _, start = setup
    rule = small.optimizer()

    def broken(learning_rate):  # 0 / 0 in one leaf from the third update on
        def update(grads, count, params=None):
            bad = jnp.where(count >= 2, jnp.nan, 0.0)
            grads = {**grads, "last": jax.tree.map(lambda g: g * 0 + bad, grads["last"])}
            return grads, count + 1

        return optax.GradientTransformation(lambda params: jnp.int32(0), update)

    import dataclasses

    rule = dataclasses.replace(rule, rule=broken, clip_norm=None)
    chunk = make_train_chunk(MODEL, TASK, rule, source)
    state = start(0).replace(opt_state=jnp.int32(0))
    state, report = run(chunk, source, state, rows)
    assert state.step == 2 and state.opt_state == 2
    with pytest.raises(NonFiniteError, match="gradient or update of last/bias .and 1 param") as e:
        check_finite(report, rows, source.ids, 0, state.params)
    assert e.value.names == ["last/bias", "last/kernel"]


def test_the_training_step_lowers_for_cpu_gpu_and_tpu(setup):
    _, _, rows, source, chunk, start = setup
    args = (start(0), source.constants, source.chunk(rows), rows, np.uint32(0))
    export = jax.export.export(chunk.function, platforms=("cpu", "cuda", "tpu"))
    assert set(export(*args).platforms) == {"cpu", "cuda", "tpu"}
