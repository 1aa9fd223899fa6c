"""TGT: the Edge-augmented Graph Transformer with layers over triplets of nodes."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Real, Width
from gtx.models.egt import EGT
from gtx.models.parts import ActivationName
from gtx.nn.attention import TriangularUpdate, TripletAttention
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class TGT(EGT):
    """The Triplet Graph Transformer. The defaults are TGT-At, 24 layers, for PCQM4Mv2.

    Hussain, Zaki and Subramanian (2024). It is EGT without the clamp, whose pairs also look at the
    pairs of a third node. The defaults are those of the authors' `tgt_at_tp_nordkit.yaml`, but for
    distances in space, which a first model predicts there, drop path, and dropout of hidden layers
    and of whole senders.

    Attributes:
      triplet: "attention" is the gated triplet attention, "update" the triangular update.
      triplet_heads: of either.
      triplet_dropout_rate: of the weights of triplet attention.
    """

    paper: ClassVar[str] = "Hussain et al. (2024), ICML"
    complexity: ClassVar[str] = "n³ d_pair + n² (d + d_pair²) + n d²"
    recipe: ClassVar[str] = "pcqm4mv2_tgt"
    published: ClassVar[str] = "validation MAE 0.0686 eV, with predicted distances"
    # A list of edges has no triangles, and TGT no virtual nodes.
    unread: ClassVar[tuple[str, ...]] = ("structure", "over", "read_virtual_nodes")

    dim: Width = 768
    pair_dim: Width = 256
    num_layers: Layers = 24
    num_heads: Width = 64
    mask_rate: Rate = 0.0
    scale_degree: bool = True
    activation: ActivationName = "gelu"
    expansion: Width = 1
    head_layers: Layers = 1
    limit: Annotated[float, Real(above=0.0)] | None = None
    triplet: Literal["attention", "update"] = "attention"
    triplet_heads: Width = 16
    triplet_dropout_rate: Rate = 0.0

    def block(self, structures: Collection[str], **listed: Any) -> ModuleFactory:
        triangles: dict[str, ModuleFactory] = {
            "attention": partial(
                TripletAttention,
                num_heads=self.triplet_heads,
                dropout_rate=self.triplet_dropout_rate,
            ),
            "update": partial(TriangularUpdate, num_heads=self.triplet_heads),
        }
        return partial(super().block(structures, **listed), triangle=triangles[self.triplet])
