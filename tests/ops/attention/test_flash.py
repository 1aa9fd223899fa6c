import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import BiasFunction, Clamped, Complete, Edges, Tier, attention, make_layout

# Not by their dotted names: `gtx.ops.attention` is the function as well as the package.
flash = sys.modules["gtx.ops.attention.flash"]
api = sys.modules["gtx.ops.attention.api"]


TIERS = (Tier(2, 4), Tier(1, 128))


def arguments(dtype=jnp.bfloat16, head_dim=8):
    """Graphs of 3, 0 and 90 nodes and two padding nodes that hold NaN."""
    layout = jax.tree.map(jnp.asarray, make_layout(np.array([3, 0, 90]), 95, TIERS))
    rng = np.random.default_rng(0)
    nodes = rng.normal(size=(3, 95, 2, head_dim))
    nodes[:, 93:] = np.nan
    return Complete(layout), list(jnp.asarray(nodes, dtype))


def attend_by_xla(query, key, value, structure, bias=None):
    """What `flash` computes, with XLA in the place of cuDNN."""
    call = api.make_call(
        *(query, key, value, structure), score=api.Dot(), bias=bias, edge_key=None, scale=None
    )
    return flash.attend(call, implementation="xla")[0]


@pytest.mark.parametrize("with_bias", [False, True])
def test_but_for_the_kernel_it_equals_dense(with_bias):
    structure, nodes = arguments(jnp.float32)
    bias = None
    if with_bias:
        values = np.random.default_rng(1).normal(size=(structure.num_pairs, 2))
        bias = jnp.asarray(values, jnp.float32)

    def results(attend):
        def loss(*nodes):
            out = attend(*nodes, structure, bias=bias)
            return jnp.sum(jnp.sin(out)), out

        gradients, out = jax.jit(jax.grad(loss, argnums=(0, 1, 2), has_aux=True))(*nodes)
        return out, *gradients

    for one, other in zip(results(attend_by_xla), results(attention), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        np.testing.assert_array_equal(one[93:], 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (dict(), "it needs an NVIDIA GPU, and the platform is cpu"),
        (dict(dtype=jnp.float32), "in bfloat16 or float16, and they are float32"),
        (dict(head_dim=12), "one multiple of 8 up to 128, and are 12 and 12"),
        (dict(score=Clamped()), "the score Dot only, not Clamped"),
        (dict(where=True), "no mask of pairs"),
        (dict(gate=True), "it has no gate"),
        (dict(bias="array"), r"multiples of 128, and they are \[4, 128\]; set multiple_of"),
        (dict(bias="function"), "it has no BiasFunction"),
        (dict(dropout_rate=0.1), "cannot draw the dropout noise"),
        (dict(return_lse=True), "no differentiable log-sum-exp"),
        (dict(edges=True), "needs the dense tiers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_says_why_it_does_not_apply(changes, reason):
    sizes = {name: changes[name] for name in ("dtype", "head_dim") if name in changes}
    structure, (query, key, value) = arguments(**sizes)
    pairs = jnp.ones((structure.num_pairs, 2))
    options = {name: changes[name] for name in ("score", "dropout_rate") if name in changes}
    if "where" in changes:
        structure = Complete(structure.layout, where=pairs[:, 0] > 0)
    if "gate" in changes:
        options["gate"] = pairs
    if "bias" in changes:
        computed = BiasFunction(lambda _, x, y: x - y, None, jnp.ones((95, 2)))
        options["bias"] = pairs if changes["bias"] == "array" else computed
    if "edges" in changes:
        structure = Edges(jnp.asarray([0]), jnp.asarray([0]))
    with pytest.raises(ValueError, match=f"'flash' does not apply: .*{reason}"):
        attention(
            *(query, key, value, structure),
            dropout_key=jax.random.key(0),
            implementation="flash",
            return_lse="return_lse" in changes,
            **options,
        )


@pytest.mark.parametrize(
    ("version", "capability", "reason"),
    [
        ("rocm 6", "9.4", "it needs an NVIDIA GPU, and the device is Some"),
        ("cuda 13", "7.5", "needs compute capability 8.0, Some has less"),
        ("cuda 13", "9.0", None),
    ],
)
def test_only_devices_that_have_the_kernel_are_taken(monkeypatch, version, capability, reason):
    device = types.SimpleNamespace(
        client=types.SimpleNamespace(platform_version=version),
        compute_capability=capability,
        device_kind="Some",
    )
    structure, nodes = arguments()
    options = dict(score=api.Dot(), bias=None, edge_key=None, scale=None)
    call = api.make_call(*nodes, structure, **options)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(jax, "devices", lambda: [device])
    found = flash.supports(call)
    assert found is None if reason is None else reason in found
