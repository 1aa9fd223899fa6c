"""The implementations are different programs: what they compile to, and what memory that takes."""

import functools
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import BiasFunction, Complete, Edges, Tier, attention, make_layout
from gtx.ops.attention import Dot
from tests.ops.attention.cases import sys_module

GIGABYTE = 10**9


def one_graph(num_nodes):
    layout = make_layout(np.array([num_nodes]), num_nodes, (Tier(1, num_nodes),))
    return jax.tree.map(jnp.asarray, Complete(layout))


def shapes(num_nodes, heads=4, head_dim=16):
    return [jax.ShapeDtypeStruct((num_nodes, heads, head_dim), jnp.float32)] * 3


def operations(implementation, structure=None):
    """How often each operation occurs in the program of a forward pass, before optimisation."""
    structure = one_graph(8) if structure is None else structure
    lowered = jax.jit(
        functools.partial(attention, structure=structure, implementation=implementation)
    ).lower(*shapes(8))
    text = lowered.as_text()
    names = ("dot_general", "scatter", "while")
    return tuple(len(re.findall(rf'= "?stablehlo\.{name}\b', text)) for name in names)


def test_the_implementations_are_different_programs():
    """The numbers of matrix products, scatters and loops."""
    # As a Transformer on dense hardware.
    assert operations("dense") == (2, 0, 0)
    # The same two products in a loop over row blocks around a loop over column blocks.
    assert operations("chunked") == (2, 0, 2)
    # Peak, total and result are scattered to the receivers: message passing.
    assert operations("edges") == (0, 3, 0)
    # One matrix product with the edges of all receivers at once.
    assert operations("reference") == (1, 0, 0)
    # Peak and total of logits that one loop leaves, and the result in another; its products are
    # sums by head, and whether these are finite, not attention's.
    edges = Edges(jnp.arange(8), jnp.arange(8))
    assert operations("edges", edges) == (0, 3, 0)
    assert operations("chunked", edges) == (6, 3, 2)


def test_flash_asks_for_the_kernel_of_cudnn():
    call = sys_module("api").make_call(
        *[jnp.ones((8, 4, 16), jnp.bfloat16)] * 3,
        one_graph(8),
        **dict(score=Dot(), bias=None, edge_key=None, scale=None),
    )
    if jax.default_backend() == "cpu":
        with pytest.raises(RuntimeError, match="cuDNN is not detected"):
            sys_module("flash").attend(call)


def temporaries(implementation, num_nodes, bias=False):
    """Bytes that a forward and backward pass needs beside its arguments and results."""
    structure = one_graph(num_nodes)

    def loss(query, key, value):
        function = None
        if bias:  # minus the distance of two nodes along a line
            place = jnp.arange(num_nodes, dtype=jnp.float32)[:, None]
            function = BiasFunction(lambda _, x, y: -jnp.abs(x - y), None, place)
        return attention(
            query, key, value, structure, bias=function, implementation=implementation
        ).sum()

    compiled = jax.jit(jax.grad(loss, argnums=(0, 1, 2))).lower(*shapes(num_nodes)).compile()
    return compiled.memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("bias", [False, True])
def test_chunked_attends_over_16384_nodes_within_a_gigabyte(bias):
    used = temporaries("chunked", 16_384, bias)
    assert used < GIGABYTE
    assert used < 2.2 * temporaries("chunked", 8_192, bias)  # linear in the nodes


def test_dense_attention_over_16384_nodes_needs_eight_gigabytes():
    assert temporaries("dense", 16_384) > 8 * GIGABYTE


@pytest.mark.parametrize(("implementation", "limit"), [("edges", 3e9), ("chunked", 2e8)])
def test_attention_over_edges_is_linear_in_the_edges(implementation, limit):
    def used(num_nodes, num_edges):
        index = jax.ShapeDtypeStruct((num_edges,), jnp.int32)

        def loss(query, key, value, senders, receivers):
            edges = Edges(senders, receivers, indices_are_sorted=True)
            return attention(query, key, value, edges, implementation=implementation).sum()

        lowered = jax.jit(jax.grad(loss, argnums=(0, 1, 2))).lower(*shapes(num_nodes), index, index)
        return lowered.compile().memory_analysis().temp_size_in_bytes

    assert used(100_000, 1_000_000) < limit
    assert used(100_000, 1_000_000) < 11 * used(10_000, 100_000)


RESIDENT = """
import jax, jax.numpy as jnp, numpy as np
from experiments.benchmarks.memory import peak_memory
from gtx.ops import Edges, attention

rng = np.random.default_rng(0)
nodes = [jnp.asarray(rng.normal(size=(100_000, 4, 16)), jnp.float32) for _ in range(3)]
senders, receivers = (jnp.asarray(rng.integers(0, 100_000, 1_000_000), jnp.int32) for _ in "sr")
edges = Edges(senders, jnp.sort(receivers), indices_are_sorted=True)

def loss(*nodes):
    return attention(*nodes, edges, implementation="IMPLEMENTATION").sum()

jax.block_until_ready(jax.jit(jax.grad(loss, argnums=(0, 1, 2)))(*nodes))
print(peak_memory())
"""


@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["edges", "chunked"])
def test_a_million_edges_are_resident_in_three_gigabytes(implementation):
    program = RESIDENT.replace("IMPLEMENTATION", implementation)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(f"{implementation}: {int(done.stdout) / GIGABYTE:.2f} GB resident")
    assert int(done.stdout) < 3 * GIGABYTE
