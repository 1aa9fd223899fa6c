"""EGT: attention with channels of its own for every pair of nodes (Hussain et al., 2022)."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from gtx.limits import Name, Rate, Real, Width
from gtx.models.encoders import ColumnEncoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import ActivationName, Implementation, Norm, bind
from gtx.nn.attention import EGTAttention
from gtx.nn.blocks import EGTBlock
from gtx.nn.encoders.virtual_nodes import EmbedWithVirtualNodes
from gtx.nn.parts.virtual_nodes import VirtualNodesReadout
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class EGT(LayeredModel):
    """The Edge-augmented Graph Transformer. The defaults are the authors' configuration for ZINC.

    Hussain et al. (2022), "Global Self-Attention as a Replacement for Graph Convolution". The
    features of a pair are those of its edge and of its columns, such as the class of its distance.
    In the last block pairs do not change, as nobody reads them: the authors' code leaves these maps
    out too. The auxiliary loss of distances is left out.

    Attributes:
      dropout_rate: of what is added to the nodes.
      pair_dropout_rate: of what is added to the pairs.
      pair_dim: width of the features of pairs.
      num_heads: of the attention.
      attention_dropout_rate: of the attention weights.
      mask_rate: probability that in training a head leaves a pair out.
      scale_degree: whether results are scaled by a dynamic degree; in the code's configurations for
        molecules of OGB they are. Virtual nodes, where `gtx.structures.VirtualNodes` added some,
        are not scaled.
      read_virtual_nodes: whether graphs are predicted from their virtual nodes, which
        `gtx.structures.VirtualNodes` adds: they, and pairs with them, have learned vectors alone,
        and a map of all of them side by side comes before the maps of the head. Without it virtual
        nodes hold what the encoders make of their columns, and the other nodes are read.
      limit: of the logits of nodes, above 0; None for no limit.
      activation: of feed-forward layers and head.
      expansion: width of the hidden layers of a block in units of that of their input.
      norm: before every layer, and after the last block.
      structure: "complete" runs over all pairs, "edges" over the edge sets `over`, with the same
        parameters. Encodings of pairs are dense in both.
      over: names of edge sets. Over those of `gtx.structures.Complete(loops=True)` the result is
        that over all pairs.
      attention_implementation: of `gtx.ops.attention`.
    """

    paper: ClassVar[str] = "Hussain et al. (2022), KDD"
    complexity: ClassVar[str] = "n² (d + d_pair²) + n d²"
    recipe: ClassVar[str] = "zinc_egt"
    published: ClassVar[str] = "test MAE 0.108 ± 0.009"

    pair_dropout_rate: Rate = 0.0
    pair_dim: Width = 64
    num_heads: Width = 8
    attention_dropout_rate: Rate = 0.0
    mask_rate: Rate = 0.1
    scale_degree: bool = False
    read_virtual_nodes: bool = False
    limit: Annotated[float, Real(above=0.0)] | None = 5.0
    activation: ActivationName = "elu"
    expansion: Width = 2
    norm: Norm = "layer"
    pool: Pooling = "mean"
    structure: Literal["complete", "edges"] = "complete"
    over: tuple[Name, ...] = ("complete",)
    attention_implementation: Implementation = "auto"

    def needs(self) -> Needs:
        sets = [name for name in self.over if name != "graph" and self.structure == "edges"]
        sets += ["virtual_nodes"] if self.read_virtual_nodes else []
        return dataclasses.replace(super().needs(), structures=tuple(sets), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        listed: dict[str, Any] = dict(edges=self.over) if self.structure == "edges" else {}
        block = self.block(structures, **listed)
        last = partial(block, update_pairs=False)
        embed = self.embed(self.encoders(spec, encodings), pair_dim=self.pair_dim)
        if self.read_virtual_nodes:
            if listed:
                raise ValueError(
                    "read_virtual_nodes: EGT reads virtual nodes over all pairs alone. Give the "
                    "structure 'complete', or False."
                )
            count = self._virtual_nodes(spec)
            embed = partial(
                EmbedWithVirtualNodes, self.dim, self.pair_dim, count, embed, **self.dtypes
            )
        if listed:
            embed = partial(embed, pairs_over=self.over)
        return self.transformer(
            spec,
            structures,
            embed=embed,
            block=(block,) * (self.num_layers - 1) + (last,),
            norm=self.made("norm"),
        )

    def block(self, structures: Collection[str], **listed: Any) -> ModuleFactory:
        """The factory of a block whose attention has these further fields."""
        attention = partial(
            EGTAttention,
            num_heads=self.num_heads,
            dropout_rate=self.attention_dropout_rate,
            mask_rate=self.mask_rate,
            structure=self.structure,
            limit=self.limit,
            scale_degree=self.scale_degree,
            virtual_nodes="virtual_nodes" in structures,
            implementation=self.attention_implementation,
            **listed,
        )
        return partial(
            EGTBlock,
            self.dim,
            attention=attention,
            activation=self.made("activation"),
            expansion=self.expansion,
            norm=self.made("norm"),
            dropout_rate=self.dropout_rate,
            pair_dropout_rate=self.pair_dropout_rate,
            **self.dtypes,
        )

    def encoders(self, spec: Spec, encodings: Collection[Encoding]) -> ColumnEncoders:
        """Those of the edges are for pairs."""
        found = super().encoders(spec, encodings).edges_at_pairs()
        if not self.read_virtual_nodes:
            return found
        return found.replace(nodes={k: each for k, each in found.nodes.items() if k != "kind"})

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        if label_of(spec).level != "graph" or not self.read_virtual_nodes:
            return super().readout(spec, structures)
        return partial(
            VirtualNodesReadout,
            self.dim,
            self._virtual_nodes(spec),
            self.made("activation"),
            dropout_rate=self.readout_dropout_rate,
            **self.dtypes,
        )

    def _virtual_nodes(self, spec: Spec) -> int:
        """How many virtual nodes a graph has."""
        if "kind" not in spec.nodes:
            raise ValueError(
                "read_virtual_nodes: the graphs have no virtual nodes. Add the structure "
                "'virtual_nodes', or use False."
            )
        return int(spec.nodes["kind"].sizes[0]) - 1

    def head(self, spec: Spec) -> ModuleFactory:
        """The head, with the model's activation."""
        return bind(super().head(spec), activation=self.made("activation"))
