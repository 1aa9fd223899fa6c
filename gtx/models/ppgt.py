"""PPGT: a plain Transformer with attention by distance and a stem for pairs of nodes."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import ClassVar, Literal

from gtx.limits import Layers, Name, Rate, Width
from gtx.models.encoders import ColumnEncoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation
from gtx.nn.attention import PPGTAttention
from gtx.nn.blocks import TransformerBlock
from gtx.nn.encoders import GraphSizeEncoder, PairStemEncoder
from gtx.nn.parts import AdaRMSNorm, FeedForward
from gtx.nn.parts.activations import gelu_exact
from gtx.nn.parts.initializers import normal, zeros
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class PPGT(LayeredModel):
    """The Powerful Plain Graph Transformer (Ma et al., 2026). The defaults are the authors' ZINC.

    Pre-norm blocks of a vision transformer with three changes: attention by the squared distance of
    query and key, biased and gated by features of the pair (`gtx.nn.PPGTAttention`); a norm that
    can keep the length of a row (`gtx.nn.AdaRMSNorm`), also after the last block; and a stem that
    makes the features of pairs of one encoding of pairs, `rrwp`, once for all layers
    (`gtx.nn.PairStemEncoder`). Encodings of nodes, `degree` with transform "log" and RRWP's
    diagonal, go through a linear map each, and so does the logarithm of the size of the graph.

    In the paper the products of queries and keys are divided by sqrt(d). In the code they are not,
    and this model follows the code. The code's class attention and windows are not offered, and the
    initial values of encoders are PyTorch's.

    Attributes:
      num_heads: heads of width `dim / num_heads`.
      dropout_rate: in the feed-forward layer.
      attention_dropout_rate: of the attention weights.
      drop_path_rate: probability that a branch of a block is left out for a graph.
      num_waves: sinusoids of each number of the stem.
      stem_dim: width of the MLP of the stem.
      stem_layers: residual MLPs of the stem.
      positions: a node column whose last two numbers are the place of a node; the stem reads the
        differences of places, as the authors do for superpixels.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Ma et al. (2026), TMLR"
    complexity: ClassVar[str] = "n² d + n d²"
    recipe: ClassVar[str] = "zinc_ppgt"
    published: ClassVar[str] = "test MAE 0.0566 ± 0.002"

    num_layers: Layers = 12
    head_widths: Literal["halving", "equal"] = "equal"
    num_heads: Width = 8
    attention_dropout_rate: Rate = 0.2
    drop_path_rate: Rate = 0.1
    num_waves: Layers = 3
    stem_dim: Width = 128
    stem_layers: Layers = 2
    positions: Name | None = None
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        attention = partial(
            PPGTAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            implementation=self.attention_implementation,
        )
        feed_forward = partial(
            FeedForward,
            activation=gelu_exact,
            dropout_rate=self.dropout_rate,
            output_dropout=False,
            kernel_init=normal(0.02),
            bias_init=zeros,
        )
        block = partial(
            TransformerBlock,
            self.dim,
            attention,
            feed_forward,
            norm=AdaRMSNorm,
            drop_path_rate=self.drop_path_rate,
            **self.dtypes,
        )
        embed = self.embed(self.encoders(spec, encodings), pair_dim=self.dim)
        return self.transformer(spec, structures, embed=embed, block=block, norm=AdaRMSNorm)

    def encoders(self, spec: Spec, encodings: Collection[Encoding]) -> ColumnEncoders:
        """Those of the edges are for pairs; numbers at nodes are not normalised."""
        at_nodes = {
            one.name: "linear"
            for one in encodings
            if ("node", one.name) in one.columns() and one.name in spec.nodes
        }
        filled = dataclasses.replace(self, node_encoders={**at_nodes, **self.node_encoders})
        found = LayeredModel.encoders(filled, spec, encodings).for_edges(("graph",))
        if len(found.pairs) != 1:
            raise ValueError(
                "pair_encoders: PPGT reads one column of pairs, such as that of the encoding "
                f"'rrwp', and there are {sorted(found.pairs)}. Use one encoding of pairs."
            )
        stem = partial(
            PairStemEncoder,
            edges=found.edges,
            num_waves=self.num_waves,
            hidden_dim=self.stem_dim,
            num_layers=self.stem_layers,
            positions=self.positions,
        )
        return found.replace(
            nodes={**found.nodes, "graph_size": GraphSizeEncoder},
            pairs=dict.fromkeys(found.pairs, stem),
            edges={},
            edge_sets={},
        )

    def head(self, spec: Spec) -> ModuleFactory:
        return partial(super().head(spec), activation=gelu_exact)
