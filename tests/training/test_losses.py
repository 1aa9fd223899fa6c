"""Losses that modules sow, and the number of the step that they may depend on."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gtx.batching import Resident, fit_budget
from gtx.training import Constant, Optimizer, evaluate, make_train_chunk
from gtx.training.state import init_state
from gtx.training.step import blank_batch, empty_rows
from tests.training import small

RATE = 0.125
SGD = Optimizer(optax.sgd, Constant(RATE))


class Part(nn.Module):
    """Sows what `loss` makes of its only parameter and the number of the step."""

    loss: str

    @nn.compact
    def __call__(self, batch):
        weight = self.param("weight", nn.initializers.constant(3.0), (2,))
        step = 100 if batch.step is None else batch.step
        if self.loss == "square":
            self.sow("losses", "square", 0.5 * jnp.sum(weight**2))
        if self.loss == "step":
            self.sow("losses", "step", step * weight.sum())
        if self.loss == "vector":
            self.sow("losses", "vector", weight)
        return step


class Model(nn.Module):
    """Predicts the number of the step for every graph."""

    loss: str
    remat: bool = False

    @nn.compact
    def __call__(self, batch, *, train=False):
        part = nn.remat(Part) if self.remat else Part
        step = part(self.loss, name="part")(batch)
        return jnp.full((len(batch.graph_mask), 1), step, jnp.float32)


@pytest.fixture(scope="module")
def source():
    train = small.dataset(10)
    return Resident(train, fit_budget(train, 4))


def run(source, model, steps=2):
    """The weight after each of `steps` steps, and the losses reported."""
    rows = source.plan(0, 0)
    state = init_state(model, SGD, blank_batch(source, source.constants, rows), 0)
    chunk = make_train_chunk(model, small.task(), SGD, source)
    rows = np.concatenate([rows[:steps], empty_rows(2, like=rows)])
    state, report = chunk(state, source.constants, source.chunk(rows), rows, np.uint32(0))
    report = jax.device_get(report)
    losses = report.loss_sum / np.maximum(report.count, 1)
    return np.asarray(state.params["part"]["weight"]), losses, report.taken.sum()


@pytest.mark.parametrize("remat", [False, True])
def test_a_sown_loss_is_added_once_for_each_batch_and_not_for_filling(source, remat):
    plain, losses, taken = run(source, Model("none", remat))
    assert taken == 2 and plain.tolist() == [3.0, 3.0]
    weight, with_sown, _ = run(source, Model("square", remat))
    np.testing.assert_allclose(weight, 3.0 * (1 - RATE) ** 2, rtol=1e-6)
    np.testing.assert_allclose((with_sown - losses)[:2], [9.0, 9.0 * (1 - RATE) ** 2], rtol=1e-4)


def test_the_batch_of_a_step_has_its_number(source):
    weight, _, _ = run(source, Model("step"), steps=3)
    np.testing.assert_allclose(weight, 3.0 - RATE * (0 + 1 + 2))


def test_in_evaluation_nothing_is_added_and_there_is_no_number(source):
    part = {"part": {"weight": jnp.full(2, 3.0)}}
    found = evaluate(Model("step"), {"params": part}, source.dataset, source.budget, small.task())
    assert np.all(found.predictions == 100 * 2 + 4)  # in label units: std 2, mean 4
    expected = np.abs(found.predictions - found.labels).mean() / 2
    np.testing.assert_allclose(found.loss, expected, rtol=1e-5)


def test_what_is_no_number_is_refused_by_name(source):
    with pytest.raises(ValueError, match=r"losses/part/vector/0 must be one number, and is \[2\]"):
        run(source, Model("vector"))
