"""LSPE: positions that are learned in a stream of their own, with GatedGCN."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, ClassVar

from gtx.limits import Layers, Name, Real, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Norm
from gtx.nn.blocks.gated_gcn_lspe import POSITIONS, GatedGCNLSPE, JoinPositions
from gtx.nn.encoders import Embed, LinearEncoder, StreamEmbed
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class LSPE(LayeredModel):
    """GatedGCN-LSPE (Dwivedi et al., 2022). The defaults are the authors' for ZINC.

    Positions start from return probabilities, are updated beside nodes and edges in every layer,
    and meet the nodes again before the readout. They do not enter the nodes' embedding. The
    authors also put LSPE into PNA, SAN and GraphiT, which is not offered here.

    Nobody reads the edges of the last layer: its norm of the edges, 2 `dim` parameters, has no
    gradient. Positions at the end have the mean 0 over each graph, if `normalize_positions`, and
    meet the nodes in a linear map. So where labels are those of graphs and nodes are pooled by mean
    or sum, the maps of the last positions learn from the loss of Laplacian eigenvectors alone.

    Attributes:
      dropout_rate: of nodes, edges and positions after each layer.
      norm: of nodes and edges in each layer.
      positions: the encoding that positions start from, by the name of its column. A linear map
        reads it unless `node_encoders` names another encoder.
      position_dim: width of the positions at the end.
      laplacian_loss: weight of the loss that makes positions like eigenvectors; 0 for none.
      orthogonality: weight of the second term of that loss.
      normalize_positions: whether positions at the end have mean 0 and length 1 over each graph.
        The authors' network for OGB's molecules has neither that, without the loss, nor:
      residual: whether a layer adds what it got, of nodes, edges and positions.
    """

    paper: ClassVar[str] = "Dwivedi et al. (2022), ICLR"
    complexity: ClassVar[str] = "m d² + n d²"
    recipe: ClassVar[str] = "zinc_lspe"
    published: ClassVar[str] = "test MAE 0.090 ± 0.001"

    dim: Width = 59
    num_layers: Layers = 16
    norm: Norm = "batch"
    pool: Pooling = "mean"
    positions: Name = "rwse"
    position_dim: Width = 20
    laplacian_loss: Annotated[float, Real(least=0.0)] = 1.0
    orthogonality: Annotated[float, Real(least=0.0)] = 0.1
    normalize_positions: bool = True
    residual: bool = True

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), encodings=("random_walk",))

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        encoders = self.encoders(spec, encodings).for_edges(("graph",))
        found, rest = encoders.without(self.positions, "positions")
        # The default for return probabilities has a norm, and the authors have none.
        encoder = found if self.positions in self.node_encoders else LinearEncoder
        positions = partial(Embed, self.dim, {self.positions: encoder}, **self.dtypes)
        embed = partial(StreamEmbed, self.embed(rest), {POSITIONS: positions})
        layer = partial(
            GatedGCNLSPE,
            self.dim,
            dropout_rate=self.dropout_rate,
            norm=self.made("norm"),
            residual=self.residual,
            **self.dtypes,
        )
        join = partial(
            JoinPositions,
            self.dim,
            self.position_dim,
            self.laplacian_loss,
            self.orthogonality,
            self.normalize_positions,
            **self.dtypes,
        )
        blocks: tuple[ModuleFactory, ...] = (*[layer] * self.num_layers, join)
        return self.transformer(spec, structures, embed=embed, block=blocks)
