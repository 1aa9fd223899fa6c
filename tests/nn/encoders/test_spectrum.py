"""Encoders of eigenvectors, against float64 numpy; random signs and bases."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from gtx import nn
from gtx.batching import batch_graphs
from gtx.encodings import LaplacianEigenvectors, apply
from gtx.nn.encoders import spectrum as spectral
from tests.batches import DIM, build_batch, random_graphs
from tests.encodings.graphs import complete, cycle, dataset_of, irregular, path, star, union
from tests.nn.layers import BATCH, REAL, affine, close, encode, layer_norm, relu
from tests.variables import quick_jit

pytestmark = pytest.mark.usefixtures("quick_compilation")

GRAPH = np.asarray(BATCH.node_graph)
VECTORS = np.float64(BATCH.graph.nodes["lap_vectors"])
VALUES, VALID = (np.float64(BATCH.graph.globals[f"lap_{n}"]) for n in ("values", "mask"))
PLAIN = np.ones((5, 3))


def pairs(signs=PLAIN):
    """[v, lambda] of each node and frequency, with one sign per graph and frequency."""
    return np.stack([VECTORS * signs[GRAPH], VALUES[GRAPH]], axis=-1)


def deep_set(params, signs=PLAIN):
    x = pairs(signs)
    for layer in range(len(params)):
        x = relu(affine(x, params[f"linear_{layer}"]))
    return (x * VALID[GRAPH][..., None]).sum(1)


def test_vectors_are_mapped_linearly():
    params, out = encode(nn.LaplacianLinearEncoder("lap", 5))
    assert params["linear"]["kernel"].shape == (3, 5)
    close(out, np.where(REAL[:, None], affine(VECTORS, params["linear"]), 0))


def test_vectors_are_summed_over_the_frequencies_that_exist():
    params, out = encode(nn.LaplacianEncoder("lap", DIM))
    assert params["linear_0"]["kernel"].shape == (2, 2 * DIM)
    close(out[REAL], deep_set(params)[REAL])
    params, out = encode(
        nn.LaplacianEncoder("lap", DIM, num_layers=3, random_signs=False), train=True
    )
    close(out[REAL], deep_set(params)[REAL])


def test_frequencies_of_a_node_attend_to_each_other():
    encoder = nn.LaplacianTransformerEncoder("lap", DIM, num_layers=2, num_heads=2, hidden_dim=5)
    params, out = encode(encoder)
    tokens = affine(pairs(), params["linear"])
    for node in range(len(REAL)):
        x = tokens[node, VALID[GRAPH[node]] > 0]
        for block in (params["block_0"], params["block_1"]):
            q, k, v = np.split(affine(x, block["attention"]["query_key_value"]), 3, axis=1)
            heads = []
            for columns in np.split(np.arange(DIM), 2):
                logits = q[:, columns] @ k[:, columns].T / np.sqrt(DIM / 2)
                weights = np.exp(logits - logits.max(1, keepdims=True, initial=-1e9))
                heads.append(weights / weights.sum(1, keepdims=True) @ v[:, columns])
            y = affine(np.concatenate(heads, axis=1), block["attention"]["output"])
            x = layer_norm(x + y, block["norm_attention"])
            hidden = relu(affine(x, block["feed_forward"]["hidden"]))
            assert hidden.shape[1] == 5
            y = affine(hidden, block["feed_forward"]["output"])
            x = layer_norm(x + y, block["norm_feed_forward"])
        close(out[node], x.sum(0) if REAL[node] else np.zeros(DIM), 1e-4)


def test_a_graph_without_frequencies_is_0():
    values = {**BATCH.graph.globals, "lap_mask": jnp.zeros_like(BATCH.graph.globals["lap_mask"])}
    batch = BATCH.replace(graph=BATCH.graph._replace(globals=values))
    encoder = nn.LaplacianTransformerEncoder("lap", DIM, num_layers=1)
    assert not encode(encoder, batch)[1].any()
    assert not encode(nn.LaplacianEncoder("lap", DIM), batch)[1].any()


@pytest.mark.parametrize(
    "encoder",
    [nn.LaplacianEncoder, nn.LaplacianLinearEncoder, nn.LaplacianTransformerEncoder],
)
def test_only_nodes_are_encoded(encoder):
    with pytest.raises(ValueError, match=f"{encoder.__name__} encodes nodes"):
        encode(encoder("lap", DIM, level="graph"))


def test_in_training_signs_are_random_per_graph_and_frequency():
    seen = set()
    for seed in range(12):
        params, out = encode(nn.LaplacianEncoder("lap", DIM), train=True, seed=seed)
        fits = [
            signs
            for signs in np.stack(np.meshgrid(*[[1, -1]] * 3), -1).reshape(-1, 3)
            if np.allclose(
                out[GRAPH == 1], deep_set(params, np.tile(signs, (5, 1)))[GRAPH == 1], atol=1e-5
            )
        ]
        assert len(fits) == 1  # one set of signs for all nodes of the graph
        seen.add(tuple(fits[0]))
        if seed == 0:
            ids = [7, 5, 3, 1]
            others = build_batch(random_graphs(), ids=ids, tiers=[(2, 6), (2, 3)])
            assert not np.allclose(
                encode(nn.LaplacianEncoder("lap", DIM), others, train=True)[1][:4], out[:4]
            )
    assert len(seen) > 4


# Multiplicities: 1 4, and a missing one; 1 2 2 1; 2 4; 1 1 1 1 1 1; 1 4 1.
DEGENERATE = (complete(5), cycle(6), union(cycle(3), cycle(3)), path(6), star(5))


@functools.cache
def spectra(order=(0, 1, 2, 3, 4)):
    """A batch of these graphs with all their eigenvectors, and what is read from it."""
    dataset = apply(dataset_of(DEGENERATE), [LaplacianEigenvectors(6, name="lap")])
    batch = batch_graphs(dataset.select(list(order)))
    return batch, spectral.read_spectrum(batch, "lap", jnp.float32)


random_bases = jax.jit(spectral.random_bases)


def rotated(seed, order=(0, 1, 2, 3, 4)):
    batch, spectrum = spectra(order)
    out = random_bases(spectrum, batch, jax.random.key(seed))
    return np.asarray(batch.graph_ids), np.asarray(batch.node_graph), np.asarray(out.vectors)


def test_eigenspaces_are_those_of_the_graphs():
    same = np.asarray(spectral.eigenspaces(spectra()[1]))
    multiplicity = [sorted(np.unique(rows, axis=0).sum(1)) for rows in same]
    expected = [[1, 1, 4], [1, 1, 2, 2], [2, 4], [1] * 6, [1, 1, 4], [1] * 6]
    assert multiplicity == expected  # the last is padding
    assert (same == same.swapaxes(1, 2)).all()


def test_eigenvalues_closer_than_their_rounding_count_as_one():
    values = [1.0, 1.0 + 5e-7, 1.0 + 3e-6, 7.0, 7.0 + 5e-6, 7.1]
    spectrum = spectral.Spectrum(
        vectors=None,
        values=jnp.asarray([values], jnp.float32),
        graph_mask=jnp.arange(6)[None] < 6,
        mask=None,
    )
    same = np.asarray(spectral.eigenspaces(spectrum)[0])
    assert [tuple(np.nonzero(row)[0]) for row in same] == [
        (0, 1),
        (0, 1),
        (2,),
        (3, 4),
        (3, 4),
        (5,),
    ]


def test_random_bases_keep_every_projector_and_the_vectors_of_simple_eigenvalues():
    batch, spectrum = spectra()
    same, before = np.asarray(spectral.eigenspaces(spectrum)), np.asarray(spectrum.vectors)
    _, graph, after = rotated(0)
    assert not after[~np.asarray(spectrum.mask)].any()
    for number in range(len(DEGENERATE)):
        v, w = before[graph == number], after[graph == number]
        for block in np.unique(same[number], axis=0):
            if block.sum() == 1:
                np.testing.assert_array_equal(w[:, block], v[:, block])
            else:
                close(w[:, block] @ w[:, block].T, v[:, block] @ v[:, block].T, 1e-6)
                assert np.abs(w[:, block] - v[:, block]).max() > 0.05


def test_random_bases_belong_to_graph_and_step_and_not_to_the_batch():
    ids, graph, here = rotated(3)
    other_ids, other_graph, there = rotated(3, order=(4, 1, 0))
    for place, number in enumerate(other_ids[:3]):
        first, second = here[graph == number], there[other_graph == place]
        np.testing.assert_array_equal(first, second)
    assert len({rotated(seed)[2].tobytes() for seed in range(4)}) == 4
    # Graphs that are equal draw differently: their ids differ.
    twins = apply(dataset_of([cycle(6)] * 2), [LaplacianEigenvectors(6, name="lap")])
    batch = batch_graphs(twins)
    spectrum = spectral.read_spectrum(batch, "lap", jnp.float32)
    drawn = np.asarray(random_bases(spectrum, batch, jax.random.key(0)).vectors)
    assert np.abs(drawn[:6] - drawn[6:12]).max() > 0.05


def test_random_bases_have_haars_distribution():
    """Of O(4): entries of a row are those of a random unit vector, the determinant is a coin."""
    vectors = jnp.eye(5)  # a graph of five nodes whose vectors are the unit vectors
    values = jnp.asarray([[0.0, 1, 1, 1, 1]])
    batch = batch_graphs(dataset_of([complete(5)]))
    mask = jnp.ones((6, 5), bool).at[5].set(False)
    spectrum = spectral.Spectrum(
        jnp.pad(vectors, ((0, 1), (0, 0))), jnp.tile(values, (2, 1)), jnp.ones((2, 5), bool), mask
    )
    keys = jax.random.split(jax.random.key(0), 4000)

    @jax.jit
    @jax.vmap
    def draw(key):
        return spectral.random_bases(spectrum, batch, key).vectors[1:5, 1:5]

    drawn = np.float64(draw(keys))
    np.testing.assert_allclose(
        drawn @ drawn.swapaxes(1, 2), np.tile(np.eye(4), (4000, 1, 1)), atol=1e-5
    )
    assert abs((np.linalg.det(drawn) > 0).mean() - 0.5) < 4.5 * 0.5 / np.sqrt(4000)
    law = scipy.stats.beta(1.5, 1.5, loc=-1, scale=2)  # of one entry of a unit vector in 4-space
    for row in range(4):
        for column in range(4):
            test = scipy.stats.kstest(drawn[:, row, column], law.cdf)
            assert test.pvalue > 1e-4
    assert abs((drawn[:, 0, 0] * drawn[:, 1, 1]).mean()) < 4.5 * 0.25 / np.sqrt(4000)


@pytest.mark.parametrize(
    "encoder",
    [nn.LaplacianLinearEncoder, nn.LaplacianEncoder, nn.LaplacianTransformerEncoder],
)
def test_encoders_of_this_file_see_signs_and_bases(encoder):
    """Which is why both are drawn, and what SignNet and SPE do not need."""
    batch, spectrum = spectra()
    graph = np.asarray(batch.node_graph)
    encoder = encoder("lap", DIM)
    variables = quick_jit(functools.partial(encoder.init, train=False))(jax.random.key(0), batch)

    @quick_jit
    def result(vectors):
        nodes = {**batch.graph.nodes, "lap_vectors": vectors}
        other = batch.replace(graph=batch.graph._replace(nodes=nodes))
        return encoder.apply(variables, other, train=False)

    plain = result(spectrum.vectors)
    flipped = np.abs(result(-spectrum.vectors) - plain)
    moved = np.abs(result(jnp.asarray(rotated(1)[2])) - plain)
    for number in range(len(DEGENERATE)):
        assert flipped[graph == number].max() > 1e-2
        repeated = number != 3  # the path has simple eigenvalues only
        assert (moved[graph == number].max() > 1e-2) == repeated


def test_an_option_draws_bases_while_training_only():
    batch, spectrum = spectra()
    make = functools.partial(nn.LaplacianLinearEncoder, "lap", DIM, random_signs=False)
    plain = encode(make(), batch, train=True)[1]
    drawn = encode(make(random_bases=True), batch, train=True)[1]
    np.testing.assert_array_equal(encode(make(random_bases=True), batch)[1], plain)
    graph = np.asarray(batch.node_graph)
    np.testing.assert_array_equal(drawn[graph == 3], plain[graph == 3])
    assert all(np.abs(drawn - plain)[graph == n].max() > 1e-2 for n in (0, 1, 2, 4))


def test_a_graph_without_symmetries_has_nothing_to_rotate():
    dataset = apply(dataset_of([irregular()]), [LaplacianEigenvectors(6, name="lap")])
    batch = batch_graphs(dataset)
    spectrum = spectral.read_spectrum(batch, "lap", jnp.float32)
    drawn = random_bases(spectrum, batch, jax.random.key(0))
    np.testing.assert_array_equal(drawn.vectors, spectrum.vectors)
