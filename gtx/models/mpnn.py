"""MPNN: message passing alone, in the forms of GNN+ and of tuned GNNs."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Width
from gtx.models.encoders import ColumnEncoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import FEED_FORWARD, FeedForwardActivation, PartOf, bind, fields_of, unwrapped
from gtx.nn.blocks import MPNNBlock
from gtx.nn.local import LOCAL
from gtx.nn.parts import NORMS, JumpingKnowledge, RememberedBlock
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class MPNN(LayeredModel):
    """Message passing without attention to all nodes. The defaults are GatedGCN+ for ZINC.

    GNN+ (Luo et al., 2025) adds edge features, norms, dropout, residuals, feed-forward layers and
    encodings to GCN, GIN and GatedGCN; tuned GNNs (Luo et al., 2024) use some of these for tasks of
    nodes: `residual="linear"`, `feed_forward="none"`, `head_layers=1`, and columns of numbers by
    the encoder "identity". In the first form, GIN+ has no norm after its layer
    (`norm_local=False`), and GCN+ is "gcne" on molecules. Edges of GatedGCN always have a residual.
    In the code of GNN+ layers other than GCN have a relu whatever `activation` is.

    Attributes:
      local: the message-passing layer. Its setting `edges` names the edge sets that it runs over,
        and `positions` an encoding whose distances gate its messages, as in `gtx.models.GPS`.
      num_heads: of a layer that attends; likewise:
      attention_dropout_rate: of the attention weights.
      residual: "identity" adds the nodes after activation and dropout, "linear" a linear map of
        them before the norm.
      norm: of a block; "none" for none.
      norm_local: whether the result of the message-passing layer has a norm.
      normalize_rows: divide the nodes by their length before they are added, as GraphGym does.
      feed_forward: the feed-forward layer of a block, with a norm before and after it.
      activation: after the layer, in it and in the feed-forward layer, which "swiglu" makes gated,
        and in the head.
      jumping_knowledge: what the readout reads: the last layer, or all of them joined.
      pairs_at_edges: add the features of the pair of its ends to those of an edge, from columns of
        pairs: GNN+ gives edges the probabilities of random walks. Batches need a layout.
      edge_encoders: as in other models. An encoder that is given for a layer that reads no edges
        is kept, as the authors' parameters count it, and nobody reads it.
    """

    paper: ClassVar[str] = "Luo et al. (2025), ICML"
    complexity: ClassVar[str] = "m d² + n d²"
    recipe: ClassVar[str] = "zinc_gatedgcn_plus"
    published: ClassVar[str] = "test MAE 0.077"

    dim: Width = 70
    num_layers: Layers = 9
    dropout_rate: Rate = 0.05
    encoding_dim: Width | None = 28
    local: Annotated[Any, PartOf(LOCAL)] = "gated_gcn"
    num_heads: Width = 1
    attention_dropout_rate: Rate = 0.0
    residual: Literal["identity", "linear", "none"] = "identity"
    norm: Annotated[Any, PartOf(NORMS, optional=True)] = "batch"
    norm_local: bool = True
    normalize_rows: bool = False
    feed_forward: Annotated[Any, PartOf(FEED_FORWARD, optional=True)] = "mlp"
    activation: FeedForwardActivation = "relu"
    jumping_knowledge: Literal["last", "sum", "max", "concatenate"] = "last"
    pairs_at_edges: bool = False

    def needs(self) -> Needs:
        return Needs(dense=self.pairs_at_edges or super().needs().dense)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        local, whole = self._local()
        feed_forward = self.made(
            "feed_forward",
            **self.feed_forward_fields(),
            dropout_rate=self.dropout_rate,
        )
        block: ModuleFactory = partial(
            MPNNBlock,
            self.dim,
            local=local,
            residual=self.residual,
            local_norm=self.made("norm") if self.norm_local and not whole else None,
            activation=None if whole else self.made("activation"),
            dropout_rate=self.dropout_rate,
            normalize=self.normalize_rows,
            feed_forward=feed_forward,
            norm=self.made("norm"),
            **self.dtypes,
        )
        if self.jumping_knowledge != "last":
            block = partial(RememberedBlock, block)
        encoders = self._encoders(spec, encodings, local)
        embed = self.embed_for(local, encoders, pair_dim=self.dim if self.pairs_at_edges else None)
        if self.pairs_at_edges:
            embed = partial(embed, pairs_over=("graph",))
        return self.transformer(spec, structures, embed=embed, block=block)

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        found = super().readout(spec, structures)
        if self.jumping_knowledge == "last":
            return found
        return partial(JumpingKnowledge, found, self.jumping_knowledge)

    def head(self, spec: Spec) -> ModuleFactory:
        return bind(super().head(spec), activation=self.made("activation"))

    def _local(self) -> tuple[Any, bool]:
        """The layer, and whether it ends in a norm and an activation of its own, as GatedGCN."""
        values: dict[str, Any] = dict(activation=self.made("activation"))
        fields = fields_of(self.made("local"))
        whole = "residual" in fields
        if "num_heads" in fields:
            self.check_heads()
            values.update(num_heads=self.num_heads, dropout_rate=self.attention_dropout_rate)
        elif "norm" in fields:
            if self.norm == "none":
                raise ValueError(
                    f"norm: 'none' does not suit the layer {self.local!r}, which has a norm of its "
                    "own. Give one of the norms."
                )
            values.update(norm=self.made("norm"), dropout_rate=self.dropout_rate)
        return self.made("local", **values), whole

    def _encoders(
        self, spec: Spec, encodings: Collection[Encoding], local: ModuleFactory
    ) -> ColumnEncoders:
        found = self.encoders(spec, encodings)
        read = found.for_layer(local)
        kind, bound = unwrapped(local)
        ignored = getattr(kind, "edge_features", "optional") == "ignored"
        if not self.pairs_at_edges:
            kept = {name: found.edges[name] for name in self.edge_encoders} if ignored else {}
            return read.replace(edges={**read.edges, **kept})
        if ignored or bound.get("edges", ("graph",)) != ("graph",) or not read.pairs:
            raise ValueError(
                "pairs_at_edges: needs columns of pairs and a layer that reads the edges of the "
                "given graph alone. Add an encoding of pairs such as 'rrwp', or use False."
            )
        return read.edges_at_pairs()
