"""CKGCN: convolutions whose kernel is a function of the positions of two nodes."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, ClassVar, Literal

from gtx.limits import Layers, Name, Rate
from gtx.models.encoders import ColumnEncoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Norm
from gtx.nn.blocks.ckgconv import CKGConvBlock
from gtx.nn.encoders.kernel_stem import EmbedWithPairNorm, ExpectedKernelEncoder
from gtx.nn.encoders.place_pairs import PlacePairEncoder
from gtx.nn.parts.activations import gelu_exact
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class CKGCN(LayeredModel):
    """CKGCN (Ma et al., 2024). The defaults are the authors' for ZINC.

    No node attends: the weight of a pair is an MLP of its positions and of the edge between its
    nodes, and has any sign. Return probabilities are positions of the nodes. The number of
    parameters that the paper states for ZINC, 433,663, is that of all tensors of the authors' code.
    744 of them are constants that nothing trains, biases of 0 and factors of 1, and are not here.

    Attributes:
      kernel_blocks: residual blocks of the MLP.
      kernel_dropout_rate: inside the MLP.
      weight_dropout_rate: of the weights of pairs.
      norm: everywhere.
      degree_scaler: whether sums are scaled by degree.
      structure: "complete" runs over all pairs, "edges" over the edge sets `over`, with the same
        parameters. Encodings of pairs are dense in both.
      over: names of edge sets.
      positions: a node column whose last two numbers are the place of a node; pairs then read the
        places of their two nodes, as the authors have it for superpixels.
      dropout_rate: of the convolution, and of the feed-forward layer.
    """

    paper: ClassVar[str] = "Ma et al. (2024), ICML"
    complexity: ClassVar[str] = "n² d²"
    recipe: ClassVar[str] = "zinc_ckgcn"
    published: ClassVar[str] = "test MAE 0.059 ± 0.003"

    kernel_blocks: Layers = 2
    kernel_dropout_rate: Rate = 0.1
    weight_dropout_rate: Rate = 0.5
    norm: Norm = "batch"
    degree_scaler: bool = True
    structure: Literal["complete", "edges"] = "complete"
    over: tuple[Name, ...] = ("complete",)
    positions: Name | None = None

    def needs(self) -> Needs:
        sets = [name for name in self.over if name != "graph" and self.structure == "edges"]
        return dataclasses.replace(super().needs(), structures=tuple(sets), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        listed: dict[str, Any] = {}
        if self.structure == "edges":
            listed = dict(structure="edges", edges=self.over)
        block = partial(
            CKGConvBlock,
            self.dim,
            self.kernel_blocks,
            self.kernel_dropout_rate,
            self.weight_dropout_rate,
            self.dropout_rate,
            norm=self.made("norm"),
            degree_scaler=self.degree_scaler,
            **listed,
            **self.dtypes,
        )
        embed = self.embed(self.encoders(spec, encodings), pair_dim=self.dim)
        if listed:
            embed = partial(embed, pairs_over=self.over)
        embed = partial(embed, norm=self.made("norm"))
        embed = partial(EmbedWithPairNorm, embed, self.made("norm"), **listed, **self.dtypes)
        return self.transformer(spec, structures, embed=embed, block=block)

    def encoders(self, spec: Spec, encodings: Collection[Encoding]) -> ColumnEncoders:
        """Those of numbers at pairs are CKGConv's, and those of the edges are for pairs."""
        plain: dict[str, Any] = dict(name="linear", norm="batch", use_bias=False)
        at_nodes = {
            one.name: plain
            for one in encodings
            if getattr(one, "encoder", {}).get("name") in ("linear", "random_walk")
            and any(level == "node" for level, _ in one.columns())
        }
        kernel = {
            name: ExpectedKernelEncoder
            for name, column in spec.pairs.items()
            if not hasattr(column, "sizes")
        }
        filled = dataclasses.replace(
            self,
            node_encoders={**at_nodes, **self.node_encoders},
            pair_encoders={**kernel, **self.pair_encoders},
        )
        found = LayeredModel.encoders(filled, spec, encodings).edges_at_pairs()
        if self.positions is None:
            return found
        if "places" in found.pairs:
            raise ValueError(
                "pair_encoders.places: the features of the places of nodes have this name. Give "
                "the pair column 'places' another name."
            )
        places = partial(PlacePairEncoder, positions=self.positions)
        return found.replace(pairs={**found.pairs, "places": places})

    def head(self, spec: Spec) -> ModuleFactory:
        """GraphGym's head, whose widths are equal, has a ReLU, and the other a GELU."""
        found = super().head(spec)
        return found if self.head_widths == "equal" else partial(found, activation=gelu_exact)
