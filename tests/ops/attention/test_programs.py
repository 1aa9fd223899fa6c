"""The implementations are different programs: what they compile to, and what memory that takes."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx.ops import BiasFunction, Complete, Edges, Tier, attention, make_layout

GIGABYTE = 10**9


def one_graph(num_nodes):
    layout = make_layout(np.array([num_nodes]), num_nodes, (Tier(1, num_nodes),))
    return jax.tree.map(jnp.asarray, Complete(layout))


def shapes(num_nodes, heads=4, head_dim=16):
    return [jax.ShapeDtypeStruct((num_nodes, heads, head_dim), jnp.float32)] * 3


def operations(implementation):
    """How often each operation occurs in the program of a forward pass, before optimisation."""
    structure = one_graph(8)
    lowered = jax.jit(
        functools.partial(attention, structure=structure, implementation=implementation)
    ).lower(*shapes(8))
    text = lowered.as_text()
    names = ("dot_general", "scatter", "while")
    return {name: len(re.findall(rf'= "?stablehlo\.{name}\b', text)) for name in names}


def test_the_implementations_are_different_programs():
    dense, chunked, edges, reference = map(operations, ("dense", "chunked", "edges", "reference"))
    # Two matrix products, and no scatter: as a Transformer on dense hardware.
    assert (dense["dot_general"], dense["scatter"], dense["while"]) == (2, 0, 0)
    # The same two in a loop over row blocks around a loop over column blocks.
    assert (chunked["dot_general"], chunked["scatter"], chunked["while"]) == (2, 0, 2)
    # Peak, total and result are scattered to the receivers: message passing.
    assert (edges["dot_general"], edges["scatter"], edges["while"]) == (0, 3, 0)
    # One matrix product with the edges of all receivers at once.
    assert (reference["dot_general"], reference["scatter"], reference["while"]) == (1, 0, 0)


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


def test_attention_over_edges_is_linear_in_the_edges():
    def used(num_nodes, num_edges):
        index = jax.ShapeDtypeStruct((num_edges,), jnp.int32)

        def loss(query, key, value, senders, receivers):
            edges = Edges(senders, receivers, indices_are_sorted=True)
            return attention(query, key, value, edges).sum()

        lowered = jax.jit(jax.grad(loss, argnums=(0, 1, 2))).lower(*shapes(num_nodes), index, index)
        return lowered.compile().memory_analysis().temp_size_in_bytes

    assert used(100_000, 1_000_000) < 3 * GIGABYTE
    assert used(100_000, 1_000_000) < 11 * used(10_000, 100_000)
