"""SAT: attention whose query and key are what a GNN finds around each node."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation, Local, Norm
from gtx.nn.attention import StructureAwareAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.parts import FeedForward
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory

# The authors' "pna2".
PNA = dict(
    name="pna",
    aggregators=("mean", "sum", "max"),
    scalers=("identity",),
    towers=4,
    divide_input=True,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SAT(LayeredModel):
    """SAT (Chen et al., 2022). The defaults are the authors' for ZINC, with k-subtrees.

    Their GNN for ZINC is a PNA with towers, "pna2" of their code. Nodes are added to a linear map
    of 20 return probabilities, without a norm. The "subgraph" extractor reads the structure
    `subgraphs`, whose `hops` are `num_hops`.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      num_hops: layers of the GNN, k.
      extractor: whether the GNN runs on the graph, so that a node sees its "subtree", or on the
        "subgraph" around each node by itself.
      edge_dim: width of the edges, which only the GNN reads; GINE takes none but `dim`.
      local: the GNN; without a residual of its own.
      norm: after the attention, after the feed-forward layer, and of what the GNN found.
      degree_scale: whether the result of the attention is divided by sqrt(1 + degree).
      dropout_rate: of the attention's weights and result, and twice in the feed-forward layer.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Chen, O'Bray and Borgwardt (2022), ICML"
    complexity: ClassVar[str] = "n² d + n d² + k m d"
    recipe: ClassVar[str] = "zinc_sat"
    published: ClassVar[str] = "test MAE 0.102 ± 0.005; of k-subgraphs 0.094 ± 0.008"

    num_layers: Layers = 6
    num_heads: Width = 8
    num_hops: Layers = 3
    extractor: Literal["subtree", "subgraph"] = "subtree"
    edge_dim: Width = 32
    local: Local = dataclasses.field(default_factory=lambda: dict(PNA))
    norm: Norm = "batch"
    degree_scale: bool = True
    dropout_rate: Rate = 0.3
    pool: Pooling = "mean"
    head_layers: Layers = 2
    head_widths: Literal["halving", "equal"] = "equal"
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        structures = ("subgraphs",) if self.extractor == "subgraph" else ()
        return dataclasses.replace(super().needs(), dense=True, structures=structures)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        local = self.made("local", num_heads=self.num_heads)
        if local is None:
            raise ValueError("local: 'none' leaves SAT without its GNN. Give a layer.")
        if self.extractor == "subgraph" and "subgraphs" not in spec.edge_sets:
            raise ValueError(
                "extractor: 'subgraph' reads the structure 'subgraphs', which the data do not "
                "have. Add gtx.structures.Subgraphs, config.structures.subgraphs, with "
                f"hops={self.num_hops}."
            )
        attention = partial(
            StructureAwareAttention,
            local=local,
            num_heads=self.num_heads,
            num_hops=self.num_hops,
            extractor=self.extractor,
            norm=self.made("norm"),
            degree_scale=self.degree_scale,
            dropout_rate=self.dropout_rate,
            implementation=self.attention_implementation,
        )
        block = partial(
            TransformerBlock,
            self.dim,
            attention,
            feed_forward=partial(FeedForward, dropout_rate=self.dropout_rate),
            norm=self.made("norm"),
            form="post_ln",
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        encoders = self.encoders(spec, encodings).for_layer(local)
        edges = {
            name: partial(_as_wide, each, self.edge_dim) for name, each in encoders.edges.items()
        }
        encoders = encoders.replace(edges=edges)
        return self.transformer(spec, structures, embed=self.embed(encoders), block=block)


def _as_wide(factory: ModuleFactory, width: int, *, dim: int, **fields: Any) -> Any:
    """What a factory makes, of this width and not of that of the nodes."""
    del dim
    return factory(dim=width, **fields)
