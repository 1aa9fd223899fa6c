import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gtx.training import Constant, Linear, Optimizer, adamw
from gtx.training.optimizer import average_weight, kernel_mask, update_average

PARAMS = {
    "dense": {"kernel": jnp.full((2, 2), 2.0), "bias": jnp.ones(2)},
    "norm": {"scale": jnp.ones(2)},
    "embed": {"embedding": jnp.ones((3, 2))},
    "query": {"query_kernel": jnp.ones((2, 2))},
}


@pytest.mark.parametrize("decoupled", [True, False])
def test_adam_follows_torch(decoupled):
    # torch.optim.AdamW: w -= lr * wd * w, then the Adam step with bias-corrected moments.
    # torch.optim.Adam: wd * w is added to the gradient, and nothing else decays.
    rng = np.random.default_rng(0)
    w = rng.normal(size=5)
    grads = rng.normal(size=(4, 5))
    rates = [0.1 * (1 - s / 8) for s in range(4)]
    rule = adamw(Linear(0.1, 8), weight_decay=0.02, decoupled=decoupled, b1=0.8, b2=0.95)
    rule = rule.transformation()
    params = {"w": jnp.asarray(w, jnp.float32)}
    state = rule.init(params)
    m = v = 0.0
    for t, (grad, rate) in enumerate(zip(grads, rates, strict=True), start=1):
        updates, state = rule.update({"w": jnp.asarray(grad, jnp.float32)}, state, params)
        params = optax.apply_updates(params, updates)
        if decoupled:
            w = w - rate * 0.02 * w
        else:
            grad = grad + 0.02 * w
        m, v = 0.8 * m + 0.2 * grad, 0.95 * v + 0.05 * grad**2
        w = w - rate * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-8)
    np.testing.assert_allclose(params["w"], w, rtol=2e-5)


def test_decay_of_kernels_leaves_biases_norms_and_embeddings_alone():
    assert kernel_mask(PARAMS) == {
        "dense": {"kernel": True, "bias": False},
        "norm": {"scale": False},
        "embed": {"embedding": False},
        "query": {"query_kernel": True},
    }


@pytest.mark.parametrize("decay", ["all", "kernels"])
def test_only_what_decays_moves_without_a_gradient(decay):
    rule = adamw(Constant(0.1), weight_decay=0.5, decay=decay).transformation()
    zeros = jax.tree.map(jnp.zeros_like, PARAMS)
    updates, _ = rule.update(zeros, rule.init(PARAMS), PARAMS)
    decays = kernel_mask(PARAMS) if decay == "kernels" else jax.tree.map(lambda _: True, PARAMS)
    expected = jax.tree.map(lambda w, d: -0.05 * w * d, PARAMS, decays)
    jax.tree.map(lambda u, e: np.testing.assert_allclose(u, e, rtol=1e-6), updates, expected)


def test_clipping_scales_the_gradient_to_the_norm():
    rule = Optimizer(optax.sgd, Constant(1.0), clip_norm=1.0).transformation()
    grads = {"a": jnp.array([3.0]), "b": jnp.array([4.0])}
    updates, _ = rule.update(grads, rule.init(grads), grads)
    np.testing.assert_allclose(updates["a"], [-0.6], rtol=1e-6)
    np.testing.assert_allclose(updates["b"], [-0.8], rtol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99, 0.9999])
def test_the_average_is_the_weighted_mean_of_what_was_added(decay):
    values = np.random.default_rng(0).normal(size=(20, 3))
    average = {"w": jnp.full(3, 1e6)}  # the start has no share
    for step, value in enumerate(values):
        new = {"w": jnp.asarray(value, jnp.float32)}
        average = update_average(average, new, jnp.int32(step), decay)
        weights = decay ** np.arange(step, -1, -1.0)
        expected = weights @ values[: step + 1] / weights.sum()
        np.testing.assert_allclose(average["w"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("decay", [0.9, 0.999, 0.99999])
def test_the_weight_of_an_entry_keeps_its_digits(decay):
    steps = np.array([0, 1, 10, 1000, 1000000])
    exact = (1 - decay) / -np.expm1((steps + 1) * np.log(decay))
    weights = [float(average_weight(jnp.int32(step), decay)) for step in steps]
    np.testing.assert_allclose(weights, exact, rtol=1e-5)


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="clip_norm must be positive"):
        adamw(Constant(0.1), clip_norm=0.0)
    with pytest.raises(ValueError, match="ema_decay must lie"):
        adamw(Constant(0.1), ema_decay=1.0)
    for name, wrong in (
        ("weight_decay", -1e-5),
        ("weight_decay", np.nan),
        ("weight_decay", np.inf),
        ("b1", 1.0),
        ("b2", np.nan),
        ("eps", -1.0),
        ("clip_norm", np.nan),
        ("clip_norm", np.inf),
    ):
        with pytest.raises(ValueError, match=name):
            adamw(Constant(0.1), **{name: wrong})
