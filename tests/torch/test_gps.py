"""The whole model at the same weights: PeerGPS and `GPS`."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from experiments.benchmarks import gps, weights  # noqa: E402
from experiments.benchmarks.peer import PeerGPS, peer_batch  # noqa: E402
from gtx import tasks, training  # noqa: E402
from tests.torch import pairs  # noqa: E402

pytestmark = pytest.mark.torch
SIZE = dict(dim=16, num_layers=2, num_heads=2, encoding_dim=6)
PUBLISHED_PARAMETERS = 423_717


@pytest.fixture(scope="module")
def data():
    return pairs.make_dataset()


@pytest.fixture
def peer():
    return pairs.shake(PeerGPS(**SIZE)).train()


@pytest.fixture
def theirs(data):
    return peer_batch(data, np.arange(len(data)), dtype=torch.float64)


@functools.cache
def model():
    """In float64, which a test has switched on by then."""
    return gps.model(**SIZE, attention_dropout_rate=0.0, dtype="float64")


def loss_of(params, stats, batch):
    """L1 in float64 (a Task's is float32), with the outputs and the new statistics."""
    variables = {"params": params, "batch_stats": stats}
    outputs, changed = model().apply(variables, batch, train=True, mutable=["batch_stats"])
    error = jnp.abs(outputs - batch.targets.labels)[:, 0]
    loss = jnp.where(batch.graph_mask, error, 0).sum() / batch.graph_mask.sum()
    return loss, (outputs, changed["batch_stats"])


STEP = jax.jit(jax.value_and_grad(loss_of, has_aux=True))
EVALUATE = jax.jit(lambda variables, batch: model().apply(variables, batch, train=False))


def test_outputs_first_loss_and_the_gradient_of_every_parameter_agree(data, peer, theirs):
    batch = pairs.make_batch(data)
    variables = weights.gps(weights.arrays(peer.state_dict()))
    (loss, (outputs, stats)), grads = STEP(variables["params"], variables["batch_stats"], batch)

    wanted = peer(theirs)
    wanted_loss = (wanted - theirs.y).abs().mean()
    wanted_loss.backward()
    pairs.assert_close(outputs[batch.graph_mask, 0], wanted.detach().numpy())
    assert abs(loss - wanted_loss.item()) <= pairs.TOLERANCE
    named = ((name, parameter.grad) for name, parameter in peer.named_parameters())
    pairs.assert_close(grads, weights.gps(weights.arrays(named))["params"])
    pairs.assert_close(stats, weights.gps(weights.arrays(peer.state_dict()))["batch_stats"])

    loss_sum, count = tasks.Regression(data.spec.label).loss(
        outputs, jax.tree.map(jnp.asarray, batch)
    )
    assert loss_sum / count == pytest.approx(wanted_loss.item(), rel=1e-6)


def test_predictions_agree_after_training_steps_moved_the_statistics(data, peer, theirs):
    batch = pairs.make_batch(data)
    variables = weights.gps(weights.arrays(peer.state_dict()))
    stats = variables["batch_stats"]
    for _ in range(5):
        peer(theirs)
        _, (_, stats) = STEP(variables["params"], stats, batch)[0]
    peer.eval()
    trained = weights.gps(weights.arrays(peer.state_dict()))
    pairs.assert_close(stats, trained["batch_stats"])
    outputs = EVALUATE({**variables, "batch_stats": stats}, batch)
    pairs.assert_close(outputs[batch.graph_mask, 0], peer(theirs).detach().numpy())
    fresh = EVALUATE(variables, batch)[batch.graph_mask]
    assert np.abs(fresh - outputs[batch.graph_mask]).max() > 0.01


@pytest.mark.parametrize("clip", ["exact", "torch"])
def test_adamw_with_warm_up_and_clipping_takes_the_same_path(data, peer, theirs, clip):
    # torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6, optax by the norm.
    tolerance = pairs.TOLERANCE if clip == "exact" else 1e-6
    max_norm, decay = 0.5, 0.1
    schedule = training.WarmupCosine(0.01, num_steps=8, warmup_steps=3)
    optimizer = training.adamw(schedule, weight_decay=decay, clip_norm=max_norm)
    rule = optimizer.transformation()
    batch = pairs.make_batch(data)
    variables = weights.gps(weights.arrays(peer.state_dict()))
    params, stats = variables["params"], variables["batch_stats"]
    state, update = rule.init(params), jax.jit(rule.update)

    torch_rule = torch.optim.AdamW(peer.parameters(), lr=1.0, weight_decay=decay)
    for step in range(6):
        (loss, (_, stats)), grads = STEP(params, stats, batch)
        updates, state = update(grads, state, params)
        params = jax.tree.map(jnp.add, params, updates)

        torch_rule.param_groups[0]["lr"] = float(schedule(step))
        torch_rule.zero_grad()
        wanted_loss = (peer(theirs) - theirs.y).abs().mean()
        wanted_loss.backward()
        assert abs(loss - wanted_loss.item()) <= tolerance
        if clip == "torch":
            torch.nn.utils.clip_grad_norm_(peer.parameters(), max_norm)
        else:
            parameters = list(peer.parameters())
            norm = torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in parameters]))
            assert norm > max_norm
            for parameter in parameters:
                parameter.grad.mul_(max_norm / norm)
        torch_rule.step()
    pairs.assert_close(params, weights.gps(weights.arrays(peer.state_dict()))["params"], tolerance)


def test_both_have_the_published_number_of_parameters_under_the_same_names(data):
    peer = PeerGPS()
    batch = pairs.make_batch(data)
    variables = jax.eval_shape(gps.model().init, jax.random.key(0), batch)
    mapped = weights.gps(weights.arrays(peer.state_dict()))
    for collection in ("params", "batch_stats"):
        shapes = jax.tree.map(lambda leaf: leaf.shape, mapped[collection])
        assert jax.tree.map(lambda leaf: leaf.shape, variables[collection]) == shapes
    assert sum(leaf.size for leaf in jax.tree.leaves(variables["params"])) == PUBLISHED_PARAMETERS
    assert sum(parameter.numel() for parameter in peer.parameters()) == PUBLISHED_PARAMETERS
