"""A Transformer block that reads an encoding of positions (E8, E9, E18)."""

import functools
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper.modules import jit_once, pad_nodes, random_values
from gtx import encodings
from gtx.batch import Batch, Features
from gtx.typing import ModuleFactory

DIM, VECTORS, FARTHEST = 8, 6, 8
Columns = Mapping[tuple[str, str], np.ndarray]
Linear = gtx.nn.LinearEncoder


def _encoder(factory: Any, column: str, level: str = "node", **fields: Any) -> ModuleFactory:
    return functools.partial(factory, column=column, level=level, **fields)


LAPLACIAN = encodings.LaplacianEigenvectors(VECTORS)
# Name in the figures -> the encoding, the learned encoder, and its level.
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
    """A Transformer block over all nodes that may read an encoding of positions.

    An encoding of nodes is added to their features. One of pairs is a bias of the attention.
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
    """A block with random parameters, as a compiled function (nodes, batch) -> nodes."""
    _, encoder, level = (None, None, "node") if name is None else ENCODED[name]
    module = EncodedBlock(encoder, level)
    nodes = jnp.zeros((batch.node_mask.shape[0], DIM), jnp.float64)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), nodes, batch))
    variables = random_values(shapes, np.random.default_rng(0), jnp.float64)
    run = jit_once(module.apply)
    return lambda nodes, batch: run(variables, nodes, batch)


def on_graphs(run: Any, x: np.ndarray, batch: Batch) -> np.ndarray:
    """Call the block on the nodes of all graphs, [graphs, n, feat], and return them so."""
    rows = run(pad_nodes(x.reshape(-1, x.shape[-1]), batch), batch)
    return np.asarray(rows)[: x.shape[0] * x.shape[1]].reshape(*x.shape[:2], -1)


def flipped(columns: Columns, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """Multiply some eigenvectors of a graph by -1, the last one always."""
    vectors = columns["node", "laplacian_vectors"]
    signs = rng.choice([-1.0, 1.0], vectors.shape[1])
    signs[-1] = -1
    return {**columns, ("node", "laplacian_vectors"): vectors * signs}


def rotated(columns: Columns, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """Give the vectors of each repeated eigenvalue of a graph another orthonormal basis."""
    vectors = columns["node", "laplacian_vectors"].copy()
    space = np.cumsum(np.diff(columns["graph", "laplacian_values"], prepend=0) > 1e-9)
    for which in np.unique(space):
        (places,) = np.nonzero(space == which)
        if len(places) > 1:
            basis, _ = np.linalg.qr(rng.normal(size=(len(places),) * 2))
            vectors[:, places] = vectors[:, places] @ basis
    return {**columns, ("node", "laplacian_vectors"): vectors}
