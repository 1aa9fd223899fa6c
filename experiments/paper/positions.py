"""E8, E9: what an encoding of positions does to the symmetry of a Transformer."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import graphs
from experiments.paper.modules import draw, jit_once, pad_nodes
from experiments.paper.results import Measurement, largest_difference
from gtx import encodings
from gtx.batch import Batch, Features
from gtx.typing import ModuleFactory

DIM, VECTORS, FARTHEST = 8, 6, 8
Columns = Mapping[tuple[str, str], np.ndarray]
Linear = gtx.nn.LinearEncoder


def _encoder(factory: Any, column: str, level: str = "node", **fields: Any) -> ModuleFactory:
    return functools.partial(factory, column=column, level=level, **fields)


LAPLACIAN = encodings.LaplacianEigenvectors(VECTORS)
# Name in the figures: the encoding, the learned encoder, its level.
ENCODED: dict[str, tuple[encodings.Encoding, ModuleFactory, str]] = {
    "order (sinusoidal)": (encodings.Sinusoidal(DIM), _encoder(Linear, "sinusoidal"), "node"),
    "LapPE, raw": (LAPLACIAN, _encoder(Linear, "laplacian_vectors"), "node"),
    "LapPE, SignNet": (
        LAPLACIAN,
        _encoder(gtx.nn.SignNetEncoder, "laplacian", norm=None, hidden_dim=16),
        "node",
    ),
    "LapPE, SPE": (
        LAPLACIAN,
        _encoder(gtx.nn.SPEEncoder, "laplacian", norm=None, hidden_dim=16),
        "node",
    ),
    "RWSE": (encodings.RandomWalk(8), _encoder(Linear, "rwse"), "node"),
    "degree": (encodings.Degree(), _encoder(Linear, "degree"), "node"),
    "heat kernel": (encodings.HeatKernel(), _encoder(Linear, "heat", "pair"), "pair"),
    "resistance": (
        encodings.ResistanceDistance(),
        _encoder(Linear, "resistance", "pair"),
        "pair",
    ),
    "RRWP": (encodings.RRWP(8), _encoder(Linear, "rrwp", "pair"), "pair"),
    "shortest paths": (
        encodings.ShortestPathDistance(FARTHEST),
        _encoder(gtx.nn.CategoricalEncoder, "spd", "pair", sizes=(FARTHEST + 3,)),
        "pair",
    ),
}
EXACT = [name for name in ENCODED if not name.startswith(("order", "LapPE, raw"))]


class EncodedBlock(nn.Module):
    """A Transformer block over all nodes that is told positions by an encoder, if there is one.

    Encodings of nodes are added to their features, those of pairs are a bias of the attention.
    """

    encoder: ModuleFactory | None
    level: str
    param_dtype: Any = jnp.float64

    @nn.compact
    def __call__(self, nodes: Any, batch: Batch) -> Any:
        options = dict(param_dtype=self.param_dtype)
        pairs = None
        if self.encoder is not None:
            encoder = self.encoder(dim=DIM, **options, name="encoder")
            rows = encoder(batch, train=False)
            nodes, pairs = (nodes + rows, None) if self.level == "node" else (nodes, rows)
        attention = functools.partial(
            gtx.nn.MultiHeadAttention, num_heads=2, pair_bias=pairs is not None
        )
        block = gtx.nn.TransformerBlock(DIM, attention, **options, name="block")
        return block(Features(nodes=nodes, pairs=pairs), batch, train=False).nodes


def encoded_block(name: str | None, batch: Batch) -> Any:
    """The block under random parameters, compiled: (nodes, batch with columns) -> nodes."""
    _, encoder, level = (None, None, "node") if name is None else ENCODED[name]
    module = EncodedBlock(encoder, level)
    nodes = jnp.zeros((batch.node_mask.shape[0], DIM), jnp.float64)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), nodes, batch))
    variables = draw(shapes, np.random.default_rng(0), jnp.float64)
    run = jit_once(module.apply)
    return lambda nodes, batch: run(variables, nodes, batch)


def _on_graphs(run: Any, x: np.ndarray, batch: Batch) -> np.ndarray:
    """Nodes [graphs, n, feat] in and out."""
    rows = run(pad_nodes(x.reshape(-1, x.shape[-1]), batch), batch)
    return np.asarray(rows)[: x.shape[0] * x.shape[1]].reshape(*x.shape[:2], -1)


def simple_graph(rng: np.random.Generator, n: int) -> np.ndarray:
    """Random and connected, without a repeated eigenvalue, whose basis would be arbitrary."""
    while True:
        adjacency = np.minimum(graphs.random_graph(rng, n, 0.3) + graphs.path(n), 1)
        full = encodings.LaplacianEigenvectors(n)(adjacency[None])
        if np.diff(full["graph", "laplacian_values"]).min() > 1e-3:
            return adjacency


def renumbering_errors(name: str, num_graphs: int, permutations: int, n: int = 9) -> list[float]:
    """Max |f(P x) - P f(x)| of each random graph under each renumbering, float64."""
    rng = np.random.default_rng(0)
    found = np.stack([simple_graph(rng, n) for _ in range(num_graphs)])
    x = rng.normal(size=(num_graphs, n, DIM))
    encoding = ENCODED[name][0]
    batch = graphs.with_columns(graphs.batch_of(list(found)), graphs.encoded(encoding, found))
    run = encoded_block(name, batch)
    before = _on_graphs(run, x, batch)
    errors: list[float] = []
    for _ in range(permutations):
        order = np.stack([rng.permutation(n) for _ in found])
        number = np.arange(num_graphs)[:, None]
        renamed = found[number[..., None], order[:, :, None], order[:, None]]
        columns = graphs.encoded(encoding, renamed)
        other = graphs.with_columns(graphs.batch_of(list(renamed)), columns)
        after = _on_graphs(run, x[number, order], other)
        errors += np.abs(after - before[number, order]).max(axis=(1, 2)).tolist()
    return errors


def order_and_structure(
    num_graphs: int = 20, permutations: int = 5, names: Sequence[str] = tuple(ENCODED)
) -> Measurement:
    """E8: an order breaks the symmetry under renumbering, encodings of the graph keep it."""
    with jax.enable_x64(True):
        errors = {name: renumbering_errors(name, num_graphs, permutations) for name in names}
    values = dict(
        order=float(np.median(errors["order (sinusoidal)"])),
        raw_eigenvectors=float(np.median(errors["LapPE, raw"])),
        graph_encodings=max(max(errors[name]) for name in names if name in EXACT),
        num_graph_encodings=sum(name in EXACT for name in names),
    )
    return Measurement(values, curves=dict(equivariance_error=errors))


# Of six nodes each: with repeated eigenvalues, and one without.
SYMMETRIC = {
    "C6": graphs.ring(6),
    "K6": graphs.complete(6),
    "two triangles": graphs.union(graphs.ring(3), graphs.ring(3)),
}
IRREGULAR = graphs.with_edges(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 2), (1, 4)])


def flipped(columns: Columns, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """Some eigenvectors of a graph multiplied by -1, the last one always."""
    vectors = columns["node", "laplacian_vectors"]
    signs = rng.choice([-1.0, 1.0], vectors.shape[1])
    signs[-1] = -1
    return {**columns, ("node", "laplacian_vectors"): vectors * signs}


def rotated(columns: Columns, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """The vectors of each repeated eigenvalue of a graph in another orthonormal basis."""
    vectors = columns["node", "laplacian_vectors"].copy()
    space = np.cumsum(np.diff(columns["graph", "laplacian_values"], prepend=0) > 1e-9)
    for which in np.unique(space):
        (places,) = np.nonzero(space == which)
        if len(places) > 1:
            basis, _ = np.linalg.qr(rng.normal(size=(len(places),) * 2))
            vectors[:, places] = vectors[:, places] @ basis
    return {**columns, ("node", "laplacian_vectors"): vectors}


def changes(name: str, adjacency: np.ndarray, change: Any, draws: int) -> list[float]:
    """Max |f(v') - f(v)| where v' is as good an answer of the eigensolver as v, for each draw."""
    rng = np.random.default_rng(0)
    (columns,) = graphs.encoded(LAPLACIAN, [adjacency])
    plain = graphs.batch_of([adjacency])
    batch = graphs.with_columns(plain, [columns])
    run = encoded_block(name, batch)
    x = rng.normal(size=(1, len(adjacency), DIM))
    before = _on_graphs(run, x, batch)
    return [
        largest_difference(
            _on_graphs(run, x, graphs.with_columns(plain, [change(columns, rng)])), before
        )
        for _ in range(draws)
    ]


def sign_and_basis(draws: int = 10, symmetric: Sequence[str] = tuple(SYMMETRIC)) -> Measurement:
    """E9: eigenvectors are given up to sign and basis; which encoders do not see that."""
    found: dict[str, dict[str, list[float]]] = {}
    with jax.enable_x64(True):
        for name in ("LapPE, raw", "LapPE, SignNet", "LapPE, SPE"):
            found[name] = {"signs": changes(name, IRREGULAR, flipped, draws)}
            for graph in symmetric:
                found[name][graph] = changes(name, SYMMETRIC[graph], rotated, draws)

    def over_bases(name: str, reduce: Any) -> float:
        return reduce(value for graph in symmetric for value in found[name][graph])

    values = dict(
        raw_signs=min(found["LapPE, raw"]["signs"]),
        raw_bases=over_bases("LapPE, raw", min),
        signnet_signs=max(found["LapPE, SignNet"]["signs"]),
        signnet_bases=over_bases("LapPE, SignNet", max),
        spe_signs=max(found["LapPE, SPE"]["signs"]),
        spe_bases=over_bases("LapPE, SPE", max),
    )
    return Measurement(values, curves=dict(change_by_encoder=found))
