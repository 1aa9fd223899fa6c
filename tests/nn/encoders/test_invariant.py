"""SignNet and SPE, against float64 numpy; signs and bases that they must not see."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gtx import nn
from gtx.batching import batch_graphs
from gtx.encodings import LaplacianEigenvectors, apply
from tests.batches import DIM
from tests.encodings.graphs import complete, cycle, dataset_of, path, star, union
from tests.nn.layers import BATCH, RECEIVERS, SENDERS, affine, close, encode, relu
from tests.variables import quick_jit, random_variables

pytestmark = pytest.mark.usefixtures("quick_compilation")

SignNet = functools.partial(nn.SignNetEncoder, "lap", DIM, hidden_dim=7, phi_dim=3)
SPE = functools.partial(nn.SPEEncoder, "lap", DIM, hidden_dim=7, num_functions=4)
GRAPH = np.asarray(BATCH.node_graph)
VECTORS = np.float64(BATCH.graph.nodes["lap_vectors"])
VALUES, EXISTS = (np.float64(BATCH.graph.globals[f"lap_{n}"]) for n in ("values", "mask"))


def layers(params, x, matrix=None, norm=None):
    """The network of both, on x [nodes, ...], of one graph with this adjacency matrix."""
    number = sum(name.startswith("hidden") for name in params)
    for layer in range(number):
        x = x if matrix is None else x + np.einsum("ij,j...->i...", matrix, x)
        x = affine(x, params[f"hidden_{layer}"])
        x = x if norm is None else norm(x, params[f"norm_{layer}"])
        x = affine(relu(x), params[f"output_{layer}"])
        x = x if layer == number - 1 else relu(x)
    return x


def running(x, params):
    """BatchNorm at its initial statistics."""
    return x / np.sqrt(1 + 1e-5) * params["scale"] + params["bias"]


def graphs():
    """Of each graph: its nodes, adjacency matrix, vectors and values."""
    for number in range(4):
        nodes = np.nonzero(GRAPH == number)[0]
        matrix = np.zeros((len(nodes), len(nodes)))
        first = nodes[0] if len(nodes) else 0
        for sender, receiver in zip(SENDERS, RECEIVERS, strict=True):
            if GRAPH[receiver] == number:
                matrix[receiver - first, sender - first] += 1
        exists = EXISTS[number] > 0
        yield nodes, matrix, VECTORS[nodes][:, exists], VALUES[number, exists]


@pytest.mark.parametrize("phi", ["gin", "mlp"])
@pytest.mark.parametrize("combine", ["concat", "sum"])
@pytest.mark.parametrize("norm", [nn.BatchNorm, None], ids=["norm", "plain"])
def test_signnet_adds_what_phi_makes_of_both_signs(phi, combine, norm):
    values = combine == "sum"
    params, out = encode(SignNet(phi=phi, combine=combine, read_values=values, norm=norm))
    normalise = norm and running
    for nodes, matrix, vectors, eigenvalues in graphs():
        x = vectors[..., None]
        x = [
            np.concatenate([s, np.broadcast_to(eigenvalues[:, None], s.shape)], -1) if values else s
            for s in (x, -x)
        ]
        x = sum(layers(params["phi"], s, matrix if phi == "gin" else None, normalise) for s in x)
        if combine == "sum":
            x = x.sum(1)
        else:
            x = np.pad(x, ((0, 0), (0, 3 - x.shape[1]), (0, 0))).reshape(len(nodes), 9)
        close(out[nodes], layers(params["rho"], x, None, normalise))


@pytest.mark.parametrize("rho", ["gin", "mlp"])
@pytest.mark.parametrize("norm", [nn.BatchNorm, None], ids=["norm", "plain"])
def test_spe_sums_what_rho_makes_of_every_column(rho, norm):
    params, out = encode(SPE(rho=rho, norm=norm))
    for nodes, matrix, vectors, eigenvalues in graphs():
        hidden = relu(affine(eigenvalues[:, None], params["phi_hidden"]))
        functions = affine(hidden, params["phi_output"])
        x = np.stack([vectors @ np.diag(f) @ vectors.T for f in functions.T], axis=-1)
        x = layers(params["rho"], x, matrix if rho == "gin" else None, norm and running)
        close(out[nodes], x.sum(1))


def test_statistics_are_those_of_both_signs_and_of_frequencies_that_exist():
    real = GRAPH < 4
    encoder = SignNet(phi="mlp", num_layers=1)
    params, out = encode(encoder, train=True)
    entries = np.concatenate([v.reshape(-1) for _, _, v, _ in graphs()])

    def batch_norm(rows):
        return lambda x, params: (x - rows.mean(0)) / np.sqrt(rows.var(0) + 1e-5)

    both = np.concatenate([entries, -entries])[:, None]
    norm = batch_norm(affine(both, params["phi"]["hidden_0"]))
    x = [layers(params["phi"], s * VECTORS[..., None], None, norm) for s in (1, -1)]
    x = (sum(x) * EXISTS[GRAPH][..., None]).reshape(len(GRAPH), -1)
    norm = batch_norm(affine(x[real], params["rho"]["hidden_0"]))
    close(out[real], layers(params["rho"], x, None, norm)[real], 1e-4)


@pytest.mark.parametrize("encoder", [SignNet(level="edge"), SPE(level="edge")])
def test_only_nodes_are_encoded(encoder):
    with pytest.raises(ValueError, match="encodes nodes"):
        encode(encoder)


# With all their eigenvectors: 6-cycle, complete graph, two components, star, path.
AMBIGUOUS = (cycle(6), complete(5), union(cycle(3), cycle(3)), star(5), path(6))


@functools.cache
def ambiguous():
    return batch_graphs(apply(dataset_of(AMBIGUOUS), [LaplacianEigenvectors(6, name="lap")]))


def flipped(batch, rng):
    graph = np.asarray(batch.node_graph)
    signs = rng.choice([-1.0, 1.0], (len(AMBIGUOUS) + 1, 6))
    signs[:-1, 1] = -1
    return np.float64(batch.graph.nodes["lap_vectors"]) * signs[graph]


def rotated(batch, rng):
    """Other bases for the eigenspaces, drawn by scipy's way, in float64."""
    graph = np.asarray(batch.node_graph)
    vectors = np.float64(batch.graph.nodes["lap_vectors"])
    values = np.float64(batch.graph.globals["lap_values"])
    for number, row in enumerate(values[: len(AMBIGUOUS)]):
        count = min(6, np.sum(graph == number))
        for value in np.unique(row[:count].round(4)):
            space = np.nonzero(np.abs(row[:count] - value) < 1e-3)[0]
            basis = np.linalg.qr(rng.normal(size=(len(space), len(space))))[0]
            block = np.ix_(graph == number, space)
            vectors[block] = vectors[block] @ basis
    return vectors


def change(make, move, *, train=False, dtype=jnp.float32):
    """The largest change of a result in each graph, beside the largest result."""
    batch = ambiguous()
    graph, columns = np.asarray(batch.node_graph), batch.graph.nodes
    moved = move(batch, np.random.default_rng(0))
    with jax.enable_x64(dtype == jnp.float64):
        encoder = make(param_dtype=dtype)
        keys = dict(params=jax.random.key(0), dropout=jax.random.key(0))
        variables = random_variables(jax.eval_shape(lambda: encoder.init(keys, batch, train=True)))

        @quick_jit
        def result(vectors):
            nodes = {**columns, "lap_vectors": vectors}
            other = batch.replace(graph=batch.graph._replace(nodes=nodes))
            mutable = ["batch_stats"]
            return encoder.apply(variables, other, train=train, mutable=mutable, rngs=keys)[0]

        vectors = (np.asarray(v, dtype) for v in (columns["lap_vectors"], moved))
        before, after = (np.asarray(result(v)) for v in vectors)
    difference = np.abs(after - before).max(1)
    worst = np.array([difference[graph == number].max() for number in range(len(AMBIGUOUS))])
    return worst, np.abs(before).max()


@pytest.mark.parametrize(
    "mode", [dict(), dict(train=True, dtype=jnp.float64)], ids=["evaluation", "training"]
)
@pytest.mark.parametrize(
    ("make", "move"),
    [(SignNet, flipped), (SPE, flipped), (SPE, rotated)],
    ids=["signnet-signs", "spe-signs", "spe-bases"],
)
def test_signnet_does_not_see_signs_nor_spe_signs_and_bases(make, move, mode):
    """While training in float64, where statistics of rows in another order are the same."""
    difference, scale = change(make, move, **mode)
    assert scale > 0.1 and difference.max() <= 1e-6 * scale


@pytest.mark.parametrize("move", [flipped, rotated])
@pytest.mark.parametrize("kind", ["LaplacianEncoder", "LaplacianLinearEncoder", "SignNetEncoder"])
def test_what_reads_the_vectors_themselves_sees_signs_and_bases(kind, move):
    """Or the test before this one could not fail. SignNet sees bases only."""
    make = functools.partial(getattr(nn, kind), "lap", DIM)
    if kind == "SignNetEncoder":
        make = functools.partial(make, phi="mlp")
    difference, scale = change(make, move)
    seen = difference > 1e-3 * scale
    repeated = [True, True, True, True, False]  # a path has simple eigenvalues only
    expected = repeated if move is rotated else [kind != "SignNetEncoder"] * 5
    assert seen.tolist() == expected
