"""Set Transformer: attention through a few learned points, and a readout that attends."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Implementation
from gtx.nn.blocks import ISAB, PMA, SetAttentionBlock
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetTransformer(LayeredModel):
    """Set Transformer (Lee et al., 2019). The defaults are those of the authors' `SetTransformer`.

    Two blocks of attention through 32 learned points of each set, pooling by attention from one
    learned seed, one linear map. No edges are read. The authors' two blocks between the seeds of
    the readout are left out: one seed has no other seed to attend to. `gtx.nn.PMA` says what it
    does with several, and `gtx/nn/blocks/multi_head_attention_block.py` how a block differs from
    the code.

    Attributes:
      num_heads: of every attention.
      block: "isab" attends through learned points, in m n, "sab" from all to all, in n².
      num_points: m, of each block "isab".
      num_seeds: of the readout, whose results stand side by side. Labels of nodes, edges and
        pairs have the readouts of other models.
      attention_dropout_rate: of the attention weights.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Lee et al. (2019), ICML"
    complexity: ClassVar[str] = "m n d + n d², or n² d with block='sab'"
    recipe: ClassVar[str] = "digits_set_transformer"
    unread: ClassVar[tuple[str, ...]] = ("dropout_rate", "pool")

    dim: Width = 128
    num_layers: Layers = 2
    num_heads: Width = 4
    block: Literal["isab", "sab"] = "isab"
    num_points: Width = 32
    num_seeds: Width = 1
    attention_dropout_rate: Rate = 0.0
    head_layers: Layers = 1
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        return Needs(dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        encoders = self.encoders(spec, encodings).replace(edges={}, edge_sets={})
        options: dict[str, Any] = dict(
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            implementation=self.attention_implementation,
            **self.dtypes,
        )
        block = (
            partial(ISAB, self.dim, self.num_points, **options)
            if self.block == "isab"
            else partial(SetAttentionBlock, self.dim, **options)
        )
        return self.transformer(spec, structures, embed=self.embed(encoders), block=block)

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        if label_of(spec).level != "graph":
            return super().readout(spec, structures)
        return partial(
            PMA,
            self.num_seeds,
            self.num_heads,
            dropout_rate=self.readout_dropout_rate,
            attention_dropout_rate=self.attention_dropout_rate,
            implementation=self.attention_implementation,
            **self.dtypes,
        )
