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


def test_the_average_of_what_does_not_change_has_its_bits():
    value = {"w": jnp.asarray(np.random.default_rng(0).normal(size=1000), jnp.float32)}
    average = value
    for step in range(50):
        average = update_average(average, value, jnp.int32(step), 0.99)
    np.testing.assert_array_equal(average["w"], value["w"])


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


DEEP = {
    "embed": {"kernel": jnp.full((2, 2), 0.5)},
    "block_0": {"kernel": jnp.full((2, 2), -1.5), "zero": jnp.full(2, -0.0)},
    "block_1": {"kernel": jnp.full((2, 2), 2.5)},
    "head": {"kernel": jnp.full((2, 2), 3.5)},
}


def stepped(optimizer, params, count=3):
    """The parameters after some steps on gradients that depend on them."""
    rule = optimizer.transformation()
    state = rule.init(params)

    @jax.jit
    def step(params, state, number):
        def loss(params):
            leaves = jax.tree.leaves(optimizer.without_frozen(params))
            return sum(jnp.sum((leaf - number) ** 2) for leaf in leaves)

        updates, state = rule.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    for number in range(count):
        params, state = step(params, state, jnp.float32(number))
    return params


def test_rates_are_those_of_an_optimizer_for_each_group():
    rates = (("block_*", 0.5), ("block_1", 0.5), ("head", 3.0))
    chosen = dict(weight_decay=0.02, clip_norm=0.7)
    ours = adamw(Linear(0.1, 8), **chosen, rates=rates)
    factors = {"embed": 1.0, "block_0": 0.5, "block_1": 0.25, "head": 3.0}

    def rule(_):
        groups = {
            name: optax.adamw(
                lambda step, factor=factor: factor * Linear(0.1, 8)(step), weight_decay=0.02
            )
            for name, factor in factors.items()
        }
        labels = {name: jax.tree.map(lambda _, name=name: name, DEEP[name]) for name in DEEP}
        return optax.multi_transform(groups, labels)

    theirs = Optimizer(rule, Linear(0.1, 8), 0.7)
    found, expected = stepped(ours, DEEP), stepped(theirs, DEEP)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6), found, expected)
    assert jnp.abs(found["block_1"]["kernel"] - DEEP["block_1"]["kernel"]).max() > 0.01


def test_rates_fall_with_the_depth_below_the_head():
    optimizer = adamw(Constant(0.1), layer_decay=0.5, rates=(("block_0/zero", 8.0),))
    assert optimizer.factors(DEEP) == {
        "embed/kernel": 0.125,
        "block_0/kernel": 0.25,
        "block_0/zero": 2.0,
        "block_1/kernel": 0.5,
        "head/kernel": 1.0,
    }
    with pytest.raises(ValueError, match="layer_decay: the model has no modules named block_0"):
        adamw(Constant(0.1), layer_decay=0.5).transformation().init(PARAMS)


def test_frozen_parameters_keep_their_bits_and_do_not_count_in_the_norm():
    optimizer = adamw(Constant(0.1), weight_decay=0.5, clip_norm=1.0, frozen=("block_0", "embed"))
    found = stepped(optimizer, DEEP)
    for name in ("block_0", "embed"):
        bits = jax.tree.map(lambda leaf: np.asarray(leaf).tobytes(), (found[name], DEEP[name]))
        assert bits[0] == bits[1]
    rest = {name: DEEP[name] for name in ("block_1", "head")}
    alone = stepped(adamw(Constant(0.1), weight_decay=0.5, clip_norm=1.0), rest)
    for name in rest:
        np.testing.assert_allclose(found[name]["kernel"], alone[name]["kernel"], rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(frozen=("encoder",)), "frozen: 'encoder' matches no parameter"),
        (dict(rates=(("block_7", 0.1),)), "rates: 'block_7' matches no .* mean 'block_[01]'"),
        (dict(frozen=("*",)), "frozen: .* match all parameters"),
    ],
)
def test_patterns_are_checked_before_training(settings, message):
    with pytest.raises(ValueError, match=message):
        adamw(Constant(0.1), **settings).transformation().init(DEEP)


@pytest.mark.parametrize("settings", [dict(rates=(("head", 0.0),)), dict(layer_decay=0.0)])
def test_factors_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        adamw(Constant(0.1), **settings)
