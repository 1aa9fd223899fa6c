"""Polynormer: polynomials of the nodes, by local layers first and then by linear attention."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar

from gtx.limits import AnyOf, Layers, OneOf, Rate, Real, Whole, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.models.parts import Local, PartOf, fields_of
from gtx.nn.blocks import ByStep, LocalToGlobal, PolynormerGlobalBlock, PolynormerLocalBlock
from gtx.nn.blocks.polynormer import LEARNED
from gtx.nn.encoders import DroppedEmbed
from gtx.nn.parts import NORMS
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory

GAT = dict(name="gat", use_bias=False, self_loops=True)
OptionalNorm = Annotated[Any, PartOf(NORMS, optional=True)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Polynormer(LayeredModel):
    """Polynormer (Deng et al., 2024). The defaults are the authors' for minesweeper.

    `num_layers` local blocks, then blocks of attention with linear complexity, over the sum of
    what the local ones return. For the first `local_steps` updates the head reads that sum alone.
    At that point the authors go back to the parameters with the best validation score; here
    training goes on. The head has one bias for both, and each global block a map O of its own: see
    `gtx.nn.blocks.ByStep` and `PolynormerGlobalBlock`.

    Attributes:
      dim: width of the nodes; the authors count it for each head, 64 times 8.
      num_layers: local blocks.
      num_global_layers: global blocks.
      num_heads: of the attention, and of a message-passing layer that attends.
      local: the message-passing layer. "gcn" with post_norm "batch" is PyG's.
      local_steps: updates before the global blocks begin; an epoch of one graph is one update.
      beta: "learned", or the number that the factors of the residuals start from.
      pre_norm: of what a local block is given; "layer" in the authors' model for questions.
      post_norm: after message passing.
      share_query_key: query and key are the same.
      dropout_rate: of a local block and of the embedding.
      global_dropout_rate: of a global block.
      input_dropout_rate: of the columns of numbers.
    """

    paper: ClassVar[str] = "Deng et al. (2024), ICLR"
    complexity: ClassVar[str] = "n d² + m d"
    recipe: ClassVar[str] = "minesweeper_polynormer"
    published: ClassVar[str] = "test ROC-AUC 97.46 ± 0.36 %"

    dim: Width = 512
    num_layers: Layers = 10
    num_global_layers: Layers = 3
    num_heads: Width = 8
    local: Local = dataclasses.field(default_factory=lambda: dict(GAT))
    local_steps: Annotated[int, Whole(0, 2**31)] = 100
    beta: Annotated[Any, AnyOf((OneOf((LEARNED,)), Real(least=0.0, most=1.0)))] = LEARNED
    pre_norm: OptionalNorm = "none"
    post_norm: OptionalNorm = "none"
    share_query_key: bool = True
    dropout_rate: Rate = 0.3
    global_dropout_rate: Rate = 0.5
    input_dropout_rate: Rate = 0.2
    pool: Pooling = "mean"
    head_layers: Layers = 1

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        local = self.made("local")
        if local is None:
            raise ValueError("local: Polynormer needs a message-passing layer; give 'gat'.")
        if "num_heads" in fields_of(local):
            local = self.made("local", num_heads=self.num_heads)
        encoders = self.encoders(spec, encodings).for_layer(local)
        numbers = tuple(name for name, column in spec.nodes.items() if not hasattr(column, "sizes"))
        embed = partial(self.embed(encoders), dropout_rate=self.dropout_rate)
        embed = partial(DroppedEmbed, embed, numbers, self.input_dropout_rate)
        near = partial(
            PolynormerLocalBlock,
            self.dim,
            local,
            self.beta,
            pre_norm=self.made("pre_norm"),
            post_norm=self.made("post_norm"),
            dropout_rate=self.dropout_rate,
            **self.dtypes,
        )
        far = partial(
            PolynormerGlobalBlock,
            self.dim,
            self.num_heads,
            self.beta,
            share_query_key=self.share_query_key,
            dropout_rate=self.global_dropout_rate,
            **self.dtypes,
        )
        blocks: tuple[ModuleFactory, ...] = (
            *[near] * self.num_layers,
            partial(LocalToGlobal, **self.dtypes),
            *[far] * self.num_global_layers,
            partial(ByStep, self.local_steps),
        )
        return self.transformer(spec, structures, embed=embed, block=blocks)
