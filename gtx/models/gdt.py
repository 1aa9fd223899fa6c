"""GDT: standard attention with a bias for each pair and a token for the graph."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Width
from gtx.models.encoders import ColumnEncoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation, bind
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.encoders import MLPEncoder, ProjectedEncoder, TokenPairEncoder
from gtx.nn.encoders.edge_tokens import EdgeTokenPairEncoder, EmbedWithEdgeTokens
from gtx.nn.parts import FeedForward, GraphToken, LayerNorm
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.edge_token import EdgeTokenReadout
from gtx.nn.parts.initializers import normal, zeros
from gtx.typing import ModuleFactory

_NORMAL = normal(0.02)
# Norms of the authors' code have neither a factor nor an offset.
_NORM = partial(LayerNorm, use_scale=False, use_bias=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GDT(LayeredModel):
    """The Generalized-Distance Transformer (Stoll et al., 2025), as powerful as the GD-WL test.

    softmax(Q K^T / sqrt(d) + B) V with a bias B that is the same in all layers, before norms that
    have no parameters, and [CLS], from which the graph is predicted. The defaults are the authors'
    model of 16 million parameters for PCQM4Mv2. Each encoding of pairs, such as `rrwp`, is mapped
    to the biases by an MLP and a linear map, and encodings of nodes, such as `random_walk` or
    `laplacian`, are added to the nodes.

    Where tokens are nodes, each edge gives a bias, a linear map of its features. Where edges are
    tokens too, nodes that `gtx.structures.EdgeTokens` adds, these have the features, and biases
    tell tokens that begin or end at one node, and nodes with an edge (`gtx.nn.encoders.edge_tokens`
    has it in full); labels of edges are predicted from their tokens. This is the transform of edges
    in the authors' later repository, `transformers-for-graphs`. There encodings are those of the
    graph of all tokens, here of the given graph: tokens of edges have none, but what the MLP makes
    of the 0 that `rrwp` has at their pairs.

    [CLS] is the virtual node of `gtx.structures.VirtualNodes`, whose vector is its classes in the
    columns of nodes; what an encoder makes of the 0 that an encoding has there is added to it. Like
    the code, and not the paper, this has a norm of the inputs and stochastic depth. Here a branch
    is left out for single graphs, there for a whole batch. The maps of the head have biases, and
    the learned shifts of eigenvalues are left out.

    Attributes:
      tokens: "nodes", or "edges" for nodes and edges.
      num_heads: heads of width `dim / num_heads`.
      hidden_dim: width of the hidden layer of the feed-forward layer; None for `dim`.
      dropout_rate: in the feed-forward layer.
      attention_dropout_rate: of the attention weights.
      drop_path_rate: probability that a branch of the last layer is left out for a graph; it grows
        in equal steps from the first layer on.
      use_bias: of the maps of the blocks.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Stoll et al. (2025), NeurIPS"
    complexity: ClassVar[str] = "n² d + n d²; with tokens of edges n + m in place of n"
    recipe: ClassVar[str] = "pcqm4mv2_gdt"
    published: ClassVar[str] = "validation MAE 0.0904 eV"
    unread: ClassVar[tuple[str, ...]] = ("pool",)

    dim: Width = 384
    num_layers: Layers = 16
    tokens: Literal["nodes", "edges"] = "nodes"
    num_heads: Width = 16
    hidden_dim: Width | None = None
    attention_dropout_rate: Rate = 0.1
    drop_path_rate: Rate = 0.1
    use_bias: bool = False
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        more = ("edge_tokens",) if self.tokens == "edges" else ()
        return Needs(structures=("virtual_nodes", *more), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        attention = partial(
            MultiHeadAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            use_bias=self.use_bias,
            pair_bias=True,
            shared_pair_bias=True,
            implementation=self.attention_implementation,
            kernel_init=_NORMAL,
        )
        feed_forward = partial(
            FeedForward,
            hidden_dim=self.hidden_dim or self.dim,
            activation=gelu_exact,
            use_bias=self.use_bias,
            dropout_rate=self.dropout_rate,
            kernel_init=_NORMAL,
            bias_init=zeros,
        )
        block = partial(
            TransformerBlock, self.dim, attention, feed_forward, norm=_NORM, **self.dtypes
        )
        rates = [
            self.drop_path_rate * (layer + 1) / self.num_layers for layer in range(self.num_layers)
        ]
        found = self.encoders(spec, encodings)
        embed = self.embed(found.replace(edges={}), pair_dim=self.num_heads)
        if self.tokens == "nodes":
            embed = partial(embed, norm=_NORM)
        else:
            embed = partial(
                EmbedWithEdgeTokens, self.dim, embed, found.edges, norm=_NORM, **self.dtypes
            )
        return self.transformer(
            spec,
            structures,
            embed=embed,
            block=tuple(partial(block, drop_path_rate=rate) for rate in rates),
        )

    def encoders(self, spec: Spec, encodings: Collection[Encoding]) -> ColumnEncoders:
        """Those of pairs and edges end in one number a head, and are summed with the token's."""
        inits: dict[str, Any] = dict(kernel_init=_NORMAL, embedding_init=_NORMAL)
        found = LayeredModel.encoders(self, spec, encodings).for_edges(("graph",))

        def projected(factory: ModuleFactory) -> ModuleFactory:
            return partial(ProjectedEncoder, encoder=bind(factory, **inits), inner_dim=self.dim)

        def of_numbers(name: str) -> bool:
            return name not in self.pair_encoders and not hasattr(spec.pairs[name], "sizes")

        pairs: dict[str, ModuleFactory] = {
            name: projected(MLPEncoder if of_numbers(name) else each)
            for name, each in found.pairs.items()
        }
        if "token" in pairs:
            raise ValueError(
                "pair_encoders.token: the features of the token's pairs have this name. Give the "
                "pair column 'token' another name."
            )
        nodes = {name: bind(each, **inits) for name, each in found.nodes.items() if name != "kind"}
        if self.tokens == "nodes":
            edges = {name: projected(each) for name, each in found.edges.items()}
            found = found.replace(pairs=pairs, edges=edges).edges_at_pairs()
            return found.replace(nodes=nodes, pairs={**found.pairs, "token": TokenPairEncoder})
        if "edge_tokens" not in spec.edge_sets or "kind" not in spec.nodes:
            raise ValueError(
                "tokens: GDT reads the edges of a graph as tokens here, and the graphs have none. "
                "Add the structures 'virtual_nodes' and 'edge_tokens', or use 'nodes'."
            )
        of_edges = {name: bind(each, **inits) for name, each in found.edges.items()}
        # The kinds of nodes are the graph's own, each of its tokens, and edges.
        token = partial(TokenPairEncoder, num_tokens=spec.nodes["kind"].sizes[0] - 2)
        between = partial(EdgeTokenPairEncoder, inner_dim=self.dim, **inits)
        pairs |= {"edges": between, "token": token}
        return found.replace(nodes=nodes, edges=of_edges, pairs=pairs)

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        level = label_of(spec).level
        if level == "edge" and self.tokens == "edges":
            return partial(EdgeTokenReadout, dropout_rate=self.readout_dropout_rate)
        if level != "graph":
            return super().readout(spec, structures)
        return partial(GraphToken, dropout_rate=self.readout_dropout_rate)

    def head(self, spec: Spec) -> ModuleFactory:
        return partial(super().head(spec), activation=gelu_exact)
