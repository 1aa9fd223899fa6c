"""SAT: attention whose query and key are what a GNN finds around each node."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation, Local, Norm
from gtx.nn.attention import StructureAwareAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.parts import FeedForward
from gtx.ops.pooling import Pooling


@dataclasses.dataclass(frozen=True, kw_only=True)
class SAT(LayeredModel):
    """k-subtree SAT (Chen et al., 2022). The defaults are the authors' for ZINC, but for the GNN.

    The authors' best GNN for ZINC is a PNA with towers, "pna2" of their code, over edges of width
    32; here edges have the width of the nodes. Nodes are added to a linear map of 20 return
    probabilities, without a norm. The head has `head_layers` maps of halving widths, theirs two of
    one width.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      num_hops: layers of the GNN, k.
      local: the GNN; without a residual of its own.
      norm: after the attention, after the feed-forward layer, and of what the GNN found.
      degree_scale: whether the result of the attention is divided by sqrt(1 + degree).
      dropout_rate: of the attention's weights and result, and twice in the feed-forward layer.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Chen, O'Bray and Borgwardt (2022), ICML"
    complexity: ClassVar[str] = "n² d + k m d"
    recipe: ClassVar[str] = "zinc_sat"
    published: ClassVar[str] = "test MAE 0.094 ± 0.008, with PNA"

    num_layers: Layers = 6
    num_heads: Width = 8
    num_hops: Layers = 3
    local: Local = dataclasses.field(default_factory=lambda: dict(name="gine", train_epsilon=True))
    norm: Norm = "batch"
    degree_scale: bool = True
    dropout_rate: Rate = 0.3
    pool: Pooling = "mean"
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        local = self.made("local", num_heads=self.num_heads)
        if local is None:
            raise ValueError("local: 'none' leaves SAT without its GNN. Give a layer.")
        attention = partial(
            StructureAwareAttention,
            local=local,
            num_heads=self.num_heads,
            num_hops=self.num_hops,
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
        return self.transformer(spec, structures, embed=self.embed(encoders), block=block)
