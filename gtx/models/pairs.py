"""What models without a stream of nodes have in common: pairs alone, from embedding to readout."""

import abc
import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Literal

from gtx.models.layered import LayeredModel, label_of
from gtx.models.model import Encoding, Needs, Spec
from gtx.nn.encoders import NodePairEmbed
from gtx.nn.parts import FromPairs, OwnPairReadout
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairModel(LayeredModel, abc.ABC):
    """A model whose layers change features of pairs alone, from all triangles.

    A label of pairs is read from the features of the pair itself, and other labels from features of
    nodes, which are sums over pairs.

    Attributes:
      dim: width of pairs, and of the nodes before and after the layers.
      implementation: of `gtx.ops.triangle`. "chunked" takes memory quadratic in the nodes of a
        graph and not cubic, "auto" where the graphs are large.
    """

    implementation: Literal["auto", "dense", "chunked", "reference"] = "auto"

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), dense=True)

    def pair_embed(self, spec: Spec, encodings: Collection[Encoding]) -> ModuleFactory:
        """The factory of the embedding: features of edges, of columns and of both nodes."""
        found = self.encoders(spec, encodings).edges_at_pairs()
        embed = self.embed(found, pair_dim=self.dim)
        return partial(NodePairEmbed, self.dim, embed, **self.dtypes)

    @abc.abstractmethod
    def pair_sums(self, spec: Spec) -> ModuleFactory:
        """The factory of the layer that makes features of nodes, for the readout."""

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        if label_of(spec).level == "pair":
            return partial(OwnPairReadout, dropout_rate=self.readout_dropout_rate)
        return partial(FromPairs, self.pair_sums(spec), super().readout(spec, structures))
