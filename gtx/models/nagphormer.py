"""NAGphormer: a Transformer over the hops of each node by itself."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar

from gtx.limits import Layers, Rate, Whole, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Spec
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import HopReadout, OnHops, TransformerBlock
from gtx.nn.encoders import HopEmbed
from gtx.nn.parts import FeedForward
from gtx.nn.parts.activations import ACTIVATIONS
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class NAGphormer(LayeredModel):
    """NAGphormer (Chen et al., 2023). The defaults are the authors' for Cora.

    The tokens of a node are its columns of numbers, encodings included, propagated up to `num_hops`
    times: see `gtx.nn.encoders.HopEmbed`. Blocks of pre-LN Transformers run over them, and a
    softmax over the hops makes one row of them. Eigenvectors are read as they are: their signs are
    not drawn at random.

    `gelu` is its approximation by tanh; PyTorch's is exact. The authors draw initial weights from
    normal distributions, and here they are PyTorch's.

    Attributes:
      num_hops: how often columns are propagated.
      num_heads: of the attention over hops.
      edges: names of the edge sets along which they are propagated.
      dropout_rate: after attention and feed-forward layer, and inside the latter, where the
        authors have none.
      attention_dropout_rate: of the attention weights.
    """

    paper: ClassVar[str] = "Chen et al. (2023), ICLR"
    complexity: ClassVar[str] = "n (k d² + k² d) + k m f, k hops and f columns"
    recipe: ClassVar[str] = "cora_nagphormer"
    unread: ClassVar[tuple[str, ...]] = ("encoding_dim",)

    dim: Width = 512
    num_layers: Layers = 1
    num_hops: Annotated[int, Whole(1, 2**8)] = 3
    num_heads: Width = 8
    edges: tuple[str, ...] = ("graph",)
    dropout_rate: Rate = 0.1
    attention_dropout_rate: Rate = 0.1
    pool: Pooling = "mean"
    head_layers: Layers = 2

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        for field in ("node", "edge", "pair", "graph"):
            if getattr(self, f"{field}_encoders"):
                raise ValueError(
                    f"{field}_encoders: NAGphormer reads node columns of numbers as they are, and "
                    "no others. Leave it empty."
                )
        columns = tuple(
            name for name, column in sorted(spec.nodes.items()) if not hasattr(column, "sizes")
        )
        attention: Any = partial(
            MultiHeadAttention, num_heads=self.num_heads, dropout_rate=self.attention_dropout_rate
        )
        block = partial(
            OnHops,
            self.dim,
            partial(
                TransformerBlock,
                attention=attention,
                feed_forward=partial(
                    FeedForward, activation=ACTIVATIONS["gelu"], dropout_rate=self.dropout_rate
                ),
                dropout_rate=self.dropout_rate,
            ),
            **self.dtypes,
        )
        embed = partial(HopEmbed, self.dim, columns, self.num_hops, self.edges, **self.dtypes)
        last = partial(HopReadout, self.dim, **self.dtypes)
        blocks: tuple[ModuleFactory, ...] = (*[block] * self.num_layers, last)
        return self.transformer(spec, structures, embed=embed, block=blocks)
