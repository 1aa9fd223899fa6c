"""The exact GELU: values, both derivatives, and inside of `jax.shard_map`."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.nn.parts.activations import gelu_exact


def test_it_is_x_times_the_normal_distribution_with_two_derivatives():
    with jax.enable_x64(True):
        x = jnp.linspace(-6.0, 6.0, 25)
        normal = np.array([0.5 * math.erfc(-each / math.sqrt(2)) for each in x])
        density = np.exp(-np.square(x) / 2) / math.sqrt(2 * math.pi)
        first = jax.vmap(jax.grad(gelu_exact))
        second = jax.vmap(jax.grad(jax.grad(gelu_exact)))
        np.testing.assert_allclose(gelu_exact(x), x * normal, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(first(x), normal + x * density, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(second(x), density * (2 - x**2), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
def test_it_keeps_the_dtype_forward_and_backward(dtype):
    x = jnp.array(0.5, dtype)
    value, slope = jax.value_and_grad(gelu_exact)(x)
    assert value.dtype == slope.dtype == dtype


def test_its_gradient_is_taken_on_a_shard():
    mesh = jax.sharding.Mesh(jax.devices()[:1], ("shards",))
    spec = jax.sharding.PartitionSpec("shards")
    gradient = jax.grad(lambda x: gelu_exact(x).sum())
    sharded = jax.shard_map(gradient, mesh=mesh, in_specs=spec, out_specs=spec)
    x = jnp.linspace(-2.0, 2.0, 4)
    np.testing.assert_allclose(jax.jit(sharded)(x), gradient(x), rtol=1e-6)
