"""Attention in a `jax.shard_map`, some operands differing between shards and some not.

As a program, which `test_shard_map` starts on two devices: values and gradients of the first
cases of `CASES` against those of the shards one by one.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec

from gtx.ops import attention
from tests.ops.attention import cases

NAMES = ("query", "key", "value", "gate", "edge_key", "edge_value", "scale")
BIASES = {"array": ("bias",), "function": ("table", "decay", "receiver_place", "sender_place")}
# Which operands differ between shards; the others are on all of them.
ODD = {"structure", "query", "value", "bias", "edge_key", "table", "sender_place", "scale"}
ODD |= {"features", "matrix"}
EVEN = {"key", "gate", "edge_value", "vector", "decay", "receiver_place", "offsets"}
CASES = [
    ("chunked", "edges", "array", "grit", ODD),
    ("dense", "bipartite", "function", "dynamic", EVEN),
    ("dense", "complete", "array", "grit", ODD),
    ("chunked", "complete", "function", "dynamic", EVEN),
    ("chunked", "bipartite", "array", "grit", EVEN),
    ("chunked", "bipartite", "array", "dynamic", ODD),
    ("chunked", "edges", "function", "dynamic", EVEN),
    ("edges", "sorted edges", "function", "grit", ODD),
    ("edges", "complete", "array", "dynamic", EVEN),
]


def make_mesh():
    axis_types = (jax.sharding.AxisType.Auto,)
    return jax.make_mesh((jax.device_count(),), ("shards",), axis_types=axis_types)


def operands(structure_name, bias, score, sharded, num_shards):
    """What is the same on all shards, and what differs, with an axis of shards first."""
    structure = cases.STRUCTURES[structure_name]()
    shards = [cases.arguments(structure, np.float32, seed)[0] for seed in range(num_shards)]
    for number, arrays in enumerate(shards):
        arrays["scale"] = np.float32(0.5 + number)
        masked = structure.where & (np.arange(len(structure.where)) % 5 != number)
        arrays["structure"] = type(structure)(**{**vars(structure), "where": masked})
    names = {*NAMES, *BIASES[bias], *cases.SCORE_ARRAYS[score], "structure"}
    same = {name: shards[0][name] for name in names - sharded}
    stacked = [{name: arrays[name] for name in names & sharded} for arrays in shards]
    return same, jax.tree.map(lambda *values: jnp.stack(values), *stacked)


def split(arrays):
    """Operands that have a gradient, and the others."""
    floats = {name: values for name, values in arrays.items() if name != "structure"}
    return floats, {name: arrays[name] for name in arrays if name == "structure"}


def attend(arrays, implementation, score, classes):
    """Result, log-sum-exp and message, which `dynamic` has none of."""
    arrays = dict(arrays)
    if "table" in arrays:
        arrays["bias"] = cases.bias_function(arrays, classes)
    return attention(
        **{name: arrays[name] for name in (*cases.OPERANDS, "structure")},
        score=cases.make_score(score, arrays),
        entry=cases.make_entry(score, arrays, arrays["structure"]),
        dropout_rate=0.3,
        dropout_key=jax.random.key(0),
        implementation=implementation,
        return_lse=True,
        return_message=score in cases.ENTRY_SCORES,
    )


def loss(arrays, implementation, score, classes):
    out, lse, *message = attend(arrays, implementation, score, classes)
    total = jnp.sum(jnp.sin(out)) + jnp.sum(jnp.where(lse > -1e29, lse, 0))
    return total + sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves(message)), out


def over_shards(mesh, implementation, score, classes, run=loss):
    """(loss of each shard, out of each shard) of operands that are the same and that differ."""

    def one(same, sharded):
        own = jax.tree.map(lambda values: values[0], sharded)
        value, out = run({**same, **own}, implementation, score, classes)
        return value[None], out[None]

    shards = PartitionSpec("shards")
    return jax.shard_map(
        one, mesh=mesh, in_specs=(PartitionSpec(), shards), out_specs=(shards, shards)
    )


def gradients(function, same, sharded):
    """The results, and the gradients of the sum of all losses."""
    same_floats, same_others = split(same)
    floats, others = split(sharded)

    def total(same_floats, floats):
        values, out = function({**same_floats, **same_others}, {**floats, **others})
        return jnp.sum(values), out

    (value, out), grads = jax.value_and_grad(total, argnums=(0, 1), has_aux=True)(
        same_floats, floats
    )
    return value, out, *grads


def largest_error(implementation, structure_name, bias, score, sharded):
    """Of any value or gradient on all devices, in units of its largest; against one by one."""
    mesh = make_mesh()
    same, stacked = operands(structure_name, bias, score, sharded, mesh.size)
    classes = cases.classes(cases.STRUCTURES[structure_name]())
    found = jax.jit(gradients, static_argnums=0)(
        over_shards(mesh, implementation, score, classes), same, stacked
    )

    def one_by_one(same, sharded):
        parts = [jax.tree.map(lambda x, i=i: x[i], sharded) for i in range(mesh.size)]
        results = [loss({**same, **own}, implementation, score, classes) for own in parts]
        return tuple(jnp.stack(values) for values in zip(*results, strict=True))

    expected = jax.jit(gradients, static_argnums=0)(one_by_one, same, stacked)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(expected))
    errors = jax.tree.map(
        lambda x, y: float(np.abs(x - np.asarray(y)).max() / np.abs(y).max()), found, expected
    )
    return max(jax.tree.leaves(errors))


def main():
    jax.config.update("jax_disable_most_optimizations", True)
    cases.sys_module("chunked").ROWS, cases.sys_module("chunked").COLUMNS = 2, 3
    cases.sys_module("chunked_edges").EDGES = 4
    chosen = CASES[: int(sys.argv[1])]
    print(json.dumps([largest_error(*case) for case in chosen]))


if __name__ == "__main__":
    sys.exit(main())
