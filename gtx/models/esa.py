"""ESA: a graph as the set of its edges, which attend to each other (Buterez et al., 2025)."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation
from gtx.nn.blocks import ESABlock, ESAReadout
from gtx.nn.encoders import ESAEmbed
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class ESA(LayeredModel):
    """Edge-set attention (Buterez et al., 2025): the tokens are edges, not nodes.

    An edge begins as an MLP of the columns of its ends and its own. Blocks are masked ("M": an edge
    attends to those that share a node with it) or plain ("S": to all edges of its graph). Seeds
    attend to the edges and are averaged into the vector of the graph. An undirected edge is two
    tokens, as in the code. The edges are nodes that `gtx.structures.EdgeTokens` adds. Encodings of
    nodes may be among the columns; the paper needs none.

    This is the pre-norm form of the authors' code with its "standard" MLP of two maps. What the
    code offers besides is left out: the post-norm form, whose residuals have learned weights, batch
    renormalisation, gated MLPs and attention among the seeds. Labels of graphs alone are predicted.

    Attributes:
      layers: a letter for each block, repeated if there are more blocks.
      num_heads: of every attention.
      hidden_dim: of the MLPs of the blocks.
      edge_hidden_dim: of the MLP that makes an edge.
      graph_dim: width of the vector of a graph.
      num_seeds: that attend to the edges.
      attention_dropout_rate: of the attention weights.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Buterez et al. (2025), Nature Communications"
    complexity: ClassVar[str] = "m² d + m d²"
    recipe: ClassVar[str] = "zinc_esa"
    published: ClassVar[str] = ""
    unread: ClassVar[tuple[str, ...]] = ("pool", "ends", "dropout_rate")

    dim: Width = 256
    num_layers: Layers = 3
    layers: tuple[Literal["M", "S"], ...] = ("M", "M", "S")
    num_heads: Width = 8
    hidden_dim: Width = 512
    edge_hidden_dim: Width = 128
    graph_dim: Width = 512
    num_seeds: Width = 32
    head_layers: Layers = 1
    attention_dropout_rate: Rate = 0.0
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return Needs(structures=("edge_tokens",), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        if "edge_tokens" not in spec.edge_sets:
            raise ValueError(
                "ESA reads the edges of a graph as tokens, and the graphs have none. Add the "
                "structure 'edge_tokens'."
            )
        if not self.layers:
            raise ValueError("layers: ESA needs a letter for its blocks. Give 'M' or 'S' for each.")
        found = self.encoders(spec, encodings)
        nodes = {**found.nodes, **found.encodings}
        if found.pairs:
            raise ValueError("ESA reads no pairs. Leave out the encodings that make them.")
        embed = partial(
            ESAEmbed,
            self.dim,
            {name: each for name, each in nodes.items() if name != "kind"},
            found.edges,
            self.edge_hidden_dim,
            **self.dtypes,
        )
        letters = [self.layers[layer % len(self.layers)] for layer in range(self.num_layers)]
        blocks = tuple(
            partial(ESABlock, self.dim, each == "M", **self._attention()) for each in letters
        )
        return self.transformer(spec, structures, embed=embed, block=blocks)

    def _attention(self) -> dict[str, Any]:
        """What blocks and readout have in common."""
        return dict(
            num_heads=self.num_heads,
            hidden_dim=self.hidden_dim,
            dropout_rate=self.attention_dropout_rate,
            implementation=self.attention_implementation,
            **self.dtypes,
        )

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        level = label_of(spec).level
        if level != "graph":
            raise ValueError(f"ESA predicts labels of graphs, and these are of level {level!r}.")
        return partial(
            ESAReadout,
            self.dim,
            self.graph_dim,
            self.num_seeds,
            readout_dropout_rate=self.readout_dropout_rate,
            **self._attention(),
        )
