"""GPS++: message passing with a global vector, beside attention with biases."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar

from gtx.limits import Layers, Name, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation, Norm
from gtx.nn.blocks.gpspp import GPSPlusPlusBlock
from gtx.nn.encoders import GaussianKernelEncoder
from gtx.nn.encoders.widths import EmbedToWidths


@dataclasses.dataclass(frozen=True, kw_only=True)
class GPSPlusPlus(LayeredModel):
    """GPS++ (Masters et al., 2022). The defaults are the authors' 44 million parameters, 16 blocks.

    Every pair column is encoded to one number a head, and their sum is the bias of all blocks: the
    table of distances, `spd`, and with `positions` a `GaussianKernelEncoder` of the distances in
    space. Columns and encodings of nodes are added at the width `embed_dim`, where the authors
    join them at widths of their own, and a linear map leads to `dim`; likewise edges.

    Not offered: the auxiliary losses of noisy nodes and edges, the masks that train one model with
    and without positions, lengths of bonds as features of edges, and the sum of the kernels as a
    feature of nodes. The head has `head_layers` maps of halving widths.

    Attributes:
      edge_dim: width of the edges.
      graph_dim: width of the vector of a graph.
      embed_dim: width of the encoded columns.
      num_heads: of the attention.
      expansion: hidden layers of message passing are so many times as wide as its results.
      hidden_dim: of the feed-forward layer.
      norm: everywhere.
      dropout_rate: of what message passing adds to nodes; likewise:
      edge_dropout_rate: to edges.
      graph_dropout_rate: to the vector of a graph.
      attention_dropout_rate: of the attention weights.
      drop_path_rate: probability that a branch of the last block is left out for a graph; it grows
        from 0 at the first block.
      positions: a node column of coordinates in space; empty for none.
      num_kernels: Gaussian kernels of their distances.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Masters et al. (2022), arXiv 2212.02229"
    complexity: ClassVar[str] = "n² d + n d² + m d²"
    recipe: ClassVar[str] = "pcqm4mv2_gpspp"
    published: ClassVar[str] = "validation MAE about 0.077, with positions"

    dim: Width = 256
    num_layers: Layers = 16
    edge_dim: Width = 128
    graph_dim: Width = 64
    embed_dim: Width = 64
    num_heads: Width = 32
    expansion: Width = 4
    hidden_dim: Width = 1024
    norm: Norm = "layer"
    dropout_rate: Rate = 0.3
    edge_dropout_rate: Rate = 0.0035
    graph_dropout_rate: Rate = 0.35
    attention_dropout_rate: Rate = 0.3
    drop_path_rate: Rate = 0.3
    positions: Name | None = None
    num_kernels: Width = 128
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        inner = dataclasses.replace(self, dim=self.embed_dim)
        encoders = inner.encoders(spec, encodings).for_edges(("graph",))
        nodes, pairs = dict(encoders.nodes), dict(encoders.pairs)
        if self.positions is not None:
            nodes.pop(self.positions, None)
            kernel: dict[str, Any] = dict(positions=self.positions, num_kernels=self.num_kernels)
            pairs["distances"] = partial(GaussianKernelEncoder, **kernel)
        encoders = encoders.replace(nodes=nodes, pairs=pairs)
        embed = partial(
            EmbedToWidths,
            inner.embed(encoders, pair_dim=self.num_heads),
            self.dim,
            self.edge_dim,
            self.graph_dim,
            **self.dtypes,
        )
        block = partial(
            GPSPlusPlusBlock,
            self.dim,
            self.edge_dim,
            self.graph_dim,
            num_heads=self.num_heads,
            expansion=self.expansion,
            hidden_dim=self.hidden_dim,
            dropout_rate=self.dropout_rate,
            edge_dropout_rate=self.edge_dropout_rate,
            graph_dropout_rate=self.graph_dropout_rate,
            attention_dropout_rate=self.attention_dropout_rate,
            norm=self.made("norm"),
            implementation=self.attention_implementation,
            **self.dtypes,
        )
        last = self.num_layers - 1
        blocks = tuple(
            partial(
                block,
                drop_path_rate=self.drop_path_rate * number / max(last, 1),
                update_graphs=number < last,
            )
            for number in range(self.num_layers)
        )
        return self.transformer(spec, structures, embed=embed, block=blocks)
