"""Which module learns from which column: factories for `gtx.nn.Embed`."""

import functools
from collections.abc import Iterable, Mapping

import gtx.encodings
import gtx.nn
from gtx.data import Categorical, Column, GraphSpec
from gtx.encodings import Encoding
from gtx.encodings.base import Key
from gtx.typing import ModuleFactory

Encoders = dict[str, ModuleFactory]

# For the node columns of encodings that are numbers, other encodings too; it suits any scale.
_NORMALIZED = functools.partial(gtx.nn.LinearEncoder, norm=gtx.nn.BatchNorm)
# `LAPLACIAN` is for eigenvectors.
ENCODERS: Mapping[type, ModuleFactory] = {
    gtx.encodings.Degree: _NORMALIZED,
    gtx.encodings.Electrostatic: _NORMALIZED,
    gtx.encodings.HeatKernelDiagonal: _NORMALIZED,
    gtx.encodings.PageRank: _NORMALIZED,
    gtx.encodings.RRWP: gtx.nn.LinearEncoder,
    gtx.encodings.RandomWalk: gtx.nn.RandomWalkEncoder,
    gtx.encodings.Sinusoidal: gtx.nn.LinearEncoder,
}
LAPLACIAN: Mapping[str, ModuleFactory] = {
    "deep_set": gtx.nn.LaplacianEncoder,
    "linear": gtx.nn.LaplacianLinearEncoder,
    "signnet": gtx.nn.SignNetEncoder,
    "spe": gtx.nn.SPEEncoder,
    "transformer": gtx.nn.LaplacianTransformerEncoder,
}
# Those on which signs and bases have no effect, or are not drawn.
INVARIANT = ("signnet", "spe")


def of_column(column: Column) -> ModuleFactory:
    """A table for categories, a linear map for numbers."""
    if isinstance(column, Categorical):
        return functools.partial(gtx.nn.CategoricalEncoder, sizes=column.sizes)
    return gtx.nn.LinearEncoder


def of_nodes(
    spec: GraphSpec, encodings: Iterable[Encoding], *, dim: int, laplacian: ModuleFactory
) -> tuple[Encoders, Encoders, Encoders]:
    """Encoders of node columns, of the encodings of nodes, and of graph columns.

    Encodings of numbers get widths of their own. Those that are classes are among the node
    columns, all of which are added up, as Graphormer does with degrees.

    Args:
      spec: of the encoded data.
      encodings: those of the data.
      dim: width of each encoding.
      laplacian: encoder of eigenvectors, such as one of `LAPLACIAN`.
    """
    learned: Encoders = {}
    read: set[Key] = set()
    for encoding in encodings:
        columns = encoding.columns()
        nodes = [column for (level, _), column in columns.items() if level == "node"]
        if nodes and isinstance(nodes[0], Categorical):
            continue
        read |= columns.keys()
        if nodes:
            encoder = ENCODERS.get(type(encoding), _NORMALIZED)
            if isinstance(encoding, gtx.encodings.LaplacianEigenvectors):
                encoder = laplacian
            learned[encoding.name] = functools.partial(encoder, dim=dim)
    sources, graphs = (
        {name: of_column(column) for name, column in columns.items() if (level, name) not in read}
        for level, columns in (("node", spec.nodes), ("graph", spec.graphs))
    )
    return sources, learned, graphs


def of_edges(spec: GraphSpec) -> Encoders:
    """Encoders of edge columns."""
    return {name: of_column(column) for name, column in spec.edges.items()}


def of_pairs(spec: GraphSpec, encodings: Iterable[Encoding], *, max_hops: int) -> Encoders:
    """Encoders of pair columns; for shortest paths, of the first `max_hops` edges along them."""
    paths = {one.name for one in encodings if isinstance(one, gtx.encodings.ShortestPaths)}
    along_paths = functools.partial(
        gtx.nn.EdgePathEncoder,
        edges=of_edges(spec) or {"constant": gtx.nn.ConstantEncoder},
        max_hops=max_hops,
    )
    return {
        name: along_paths if name in paths else of_column(column)
        for name, column in spec.pairs.items()
    }
