"""TokenGT: a plain Transformer whose tokens are the nodes and the edges of a graph."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation, bind
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.encoders.tokens import TokenEmbed
from gtx.nn.parts import FeedForward, GraphToken
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.initializers import normal, zeros
from gtx.typing import ModuleFactory

SETS = ("virtual_nodes", "edge_tokens")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TokenGT(LayeredModel):
    """TokenGT (Kim et al., 2022). The defaults are the authors' for PCQM4Mv2.

    Nothing but the identifiers says which tokens belong together. They are an encoding of the
    nodes: `orthogonal_random_features`, or `laplacian` with `node_encoders={"laplacian":
    "laplacian_linear"}`; the encoders' linear maps have no bias. The tokens are nodes that the
    structures `virtual_nodes` and `edge_tokens` add. The authors have two tokens for a graph,
    `virtual_nodes` with `num_nodes=2`, of which the first is read and the second only attends.
    The block is the pre-norm form; their code normalises nothing after the last one.

    Not offered: the dropout of whole eigenvectors, attention by Performer, and the head of a
    language model, in whose place are `head_layers` maps. Columns of nodes and edges have tables of
    their own sizes; the authors' have 512 rows for each column.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      hidden_dim: width of the hidden layer of the feed-forward layer.
      dropout_rate: of the tokens, and after attention and feed-forward layer.
      attention_dropout_rate: of the attention weights.
      activation_dropout_rate: inside the feed-forward layer.
      drop_path_rate: probability that a branch of the last block is left out for a graph; it grows
        from block to block.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Kim et al. (2022), NeurIPS"
    complexity: ClassVar[str] = "(n + m)² d + (n + m) d²"
    recipe: ClassVar[str] = "pcqm4mv2_tokengt"
    published: ClassVar[str] = "validation MAE 0.0910"
    unread: ClassVar[tuple[str, ...]] = ("pool",)

    dim: Width = 768
    num_layers: Layers = 12
    num_heads: Width = 32
    hidden_dim: Width = 768
    attention_dropout_rate: Rate = 0.1
    activation_dropout_rate: Rate = 0.1
    drop_path_rate: Rate = 0.1
    head_layers: Layers = 1
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), structures=SETS, dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        if "kind" not in spec.nodes or "edge_tokens" not in spec.edge_sets:
            raise ValueError(
                "TokenGT reads tokens of graphs and of edges, and the graphs have none. Add the "
                "structures 'virtual_nodes' and 'edge_tokens'."
            )
        encoders = self.encoders(spec, encodings)
        names = {encoding.name for encoding in encodings}
        found = {**encoders.nodes, **encoders.encodings}
        identifiers = {name: each for name, each in found.items() if name in names}
        if not identifiers:
            raise ValueError(
                "TokenGT needs identifiers of the nodes, and there is no encoding of them. Add "
                "'orthogonal_random_features' or 'laplacian'."
            )
        init = normal(0.02)
        plain: dict[str, Any] = dict(kernel_init=init, bias_init=zeros)
        embed = partial(
            TokenEmbed,
            self.dim,
            {name: each for name, each in encoders.nodes.items() if name not in {*names, "kind"}},
            encoders.edges,
            {name: bind(each, use_bias=False) for name, each in identifiers.items()},
            spec.nodes["kind"].sizes[0] - 2,
            self.dropout_rate,
            **self.dtypes,
        )
        attention = partial(
            MultiHeadAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            implementation=self.attention_implementation,
            query_key_value_init=init,
            **plain,
        )
        feed_forward = partial(
            FeedForward,
            hidden_dim=self.hidden_dim,
            activation=gelu_exact,
            dropout_rate=self.dropout_rate,
            hidden_dropout_rate=self.activation_dropout_rate,
            **plain,
        )
        block = partial(
            TransformerBlock,
            self.dim,
            attention,
            feed_forward,
            form="pre_ln",
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        rates = [
            self.drop_path_rate * (one + 1) / self.num_layers for one in range(self.num_layers)
        ]
        blocks = tuple(partial(block, drop_path_rate=rate) for rate in rates)
        return self.transformer(spec, structures, embed=embed, block=blocks)

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        if label_of(spec).level != "graph":
            return super().readout(spec, structures)
        return partial(GraphToken, dropout_rate=self.readout_dropout_rate)
