"""Layers in a `jax.shard_map`, as a user's own data parallel step would call them.

As a program, which `test_shard_map` starts on two devices: values and gradients of the layers
that are named, each with an implementation of attention or "-", against those of the shards one
by one.
"""

import dataclasses
import functools
import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec

from gtx.ops.attention.select import IMPLEMENTATIONS
from tests.batches import build_batch
from tests.descriptors import DESCRIPTORS, inputs
from tests.descriptors.batches import GRAPHS, LOOSE, PADDING
from tests.layer_programs import KEYS, start

SHARDS = PartitionSpec("shards")


def implementations(layer):
    """Those that its module may be told to use; None alone if it has no such field."""
    fields = {field.name for field in dataclasses.fields(layer.factory())}
    return [*IMPLEMENTATIONS] if "implementation" in fields else [None]


def make_mesh():
    axis_types = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((jax.device_count(),), ("shards",), axis_types=axis_types)


def batches(num_shards):
    """The batch of each shard, on an axis of shards: other graphs in other places."""
    order = [2, 0, 3, 1]
    shuffled = build_batch([GRAPHS[i] for i in order], ids=order, **PADDING)
    return jax.tree.map(lambda *x: jnp.stack(x), *[LOOSE, shuffled][:num_shards])


def loss(layer, implementation, variables, batch):
    """A curved function of all real rows."""
    fields = {} if implementation is None else dict(implementation=implementation)
    rows, _ = layer.outputs(
        layer.factory(**fields),
        variables,
        inputs(batch),
        batch,
        train=True,
        mutable=["batch_stats"],
        rngs=KEYS,
    )
    total = 0.0
    for name, values in rows.items():
        real = getattr(batch, f"{name[:-1]}_mask").reshape(-1, *[1] * (values.ndim - 1))
        total += jnp.sum(jnp.sin(jnp.where(real, values, 0)))
    return total


def over_shards(function, mesh, same_variables):
    """[shards] of a function of variables and batch."""

    def one(variables, batch):
        batch = jax.tree.map(lambda x: x[0], batch)
        if not same_variables:
            variables = jax.tree.map(lambda x: x[0], variables)
        return function(variables, batch)[None]

    specs = (PartitionSpec() if same_variables else SHARDS, SHARDS)
    return jax.shard_map(one, mesh=mesh, in_specs=specs, out_specs=SHARDS)


def one_by_one(function, variables, batches):
    parts = [jax.tree.map(lambda x, i=i: x[i], batches) for i in range(len(batches.graph_ids))]
    return jnp.stack([function(variables, batch) for batch in parts])


def gradients(function, variables, batch):
    """The sum over shards, and its gradient."""
    rest = {name: variables[name] for name in variables if name != "params"}

    def total(params):
        return function({**rest, "params": params}, batch).sum()

    return jax.value_and_grad(total)(variables.get("params", {}))


def largest_error(name, implementation):
    """Of the value and all gradients, in units of the largest of each, or of a hundredth of all."""
    layer = next(layer for layer in DESCRIPTORS if layer.name == name)
    function = functools.partial(loss, layer, None if implementation == "-" else implementation)
    mesh = make_mesh()
    arguments = start(layer), batches(mesh.size)
    run = jax.jit(gradients, static_argnums=0)
    found = run(over_shards(function, mesh, True), *arguments)
    expected = run(functools.partial(one_by_one, function), *arguments)
    sizes = jax.tree.map(lambda y: float(np.abs(y).max()), expected)
    # A bias before a batch norm has the gradient 0, which is computed as a rounding error.
    least = 1e-2 * max(jax.tree.leaves(sizes))
    errors = jax.tree.map(
        lambda x, y, size: float(np.abs(x - np.asarray(y)).max()) / max(size, least),
        found, expected, sizes,
    )  # fmt: skip
    return max(jax.tree.leaves(errors))


def main():
    jax.config.update("jax_disable_most_optimizations", True)
    names = [argument.split(":") for argument in sys.argv[1:]]
    print(json.dumps({":".join(name): largest_error(*name) for name in names}))


if __name__ == "__main__":
    sys.exit(main())
