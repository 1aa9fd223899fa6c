"""SpecFormer: a Transformer over the eigenvalues makes filters, and these weight messages."""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar

from gtx.limits import Layers, Name, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import Norm, PartOf
from gtx.nn.blocks.specformer import SpecformerBlock, encode_bases
from gtx.nn.encoders.spectral_bases import EmbedWithBases
from gtx.nn.parts import NORMS
from gtx.ops.pooling import Pooling


@dataclasses.dataclass(frozen=True, kw_only=True)
class Specformer(LayeredModel):
    """SpecFormer (Bo et al., 2023). The defaults are the authors' for ZINC.

    The encoding of the eigenvectors should have as many as the largest graph has nodes; it is read
    by the filters alone, and not as positions of the nodes. See `EmbedWithBases` for what differs
    from the authors' code.

    Attributes:
      num_heads: filters, and heads of the attention between eigenvalues.
      norm: in each layer.
      dropout_rate: of the features of nodes, twice a layer.
      filter_dropout_rate: of the Transformer over the eigenvalues.
      bases_dropout_rate: of what the filters say of pairs.
      bases_norm: of that, "none" for none. The authors' networks for OGB's molecules have it, and:
      bases_softmax: what the filters say of a pair is a softmax over the senders of its receiver.
      bases_by_layer: each layer has maps of its own that read the filters, as theirs for molpcba.
      spectrum: name of the encoding of eigenvectors.
    """

    paper: ClassVar[str] = "Bo et al. (2023), ICLR"
    complexity: ClassVar[str] = "n² d²; n³ once for the eigenvectors"
    recipe: ClassVar[str] = "zinc_specformer"
    published: ClassVar[str] = "test MAE 0.066 ± 0.003"

    dim: Width = 160
    num_layers: Layers = 4
    num_heads: Width = 8
    norm: Norm = "batch"
    dropout_rate: Rate = 0.05
    filter_dropout_rate: Rate = 0.1
    bases_dropout_rate: Rate = 0.0
    bases_norm: Annotated[Any, PartOf(NORMS, optional=True)] = "none"
    bases_softmax: bool = False
    bases_by_layer: bool = False
    pool: Pooling = "mean"
    head_layers: Layers = 1
    spectrum: Name = "laplacian"

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), encodings=("laplacian",), dense=True)

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        self.check_heads()
        if self.spectrum not in {encoding.name for encoding in encodings}:
            raise ValueError(
                f"spectrum: there is no encoding {self.spectrum!r}. Add LaplacianEigenvectors, "
                "config.encodings.laplacian, with as many vectors as the largest graph has nodes."
            )
        found = self.encoders(spec, encodings)
        encoders = found.edges_at_pairs() if found.edges else found
        nodes, learned = (
            {name: each for name, each in some.items() if name != self.spectrum}
            for some in (encoders.nodes, encoders.encodings)
        )
        encoders = encoders.replace(nodes=nodes, encodings=learned, edge_sets={})
        embed = partial(
            EmbedWithBases,
            self.embed(encoders, pair_dim=self.dim),
            self.spectrum,
            self.dim,
            self.num_heads,
            self.filter_dropout_rate,
            encode=not self.bases_by_layer,
            bases_norm=self.made("bases_norm"),
            bases_dropout_rate=self.bases_dropout_rate,
            bases_softmax=self.bases_softmax,
            **self.dtypes,
        )
        bases = partial(
            encode_bases,
            norm=self.made("bases_norm"),
            dropout_rate=self.bases_dropout_rate,
            softmax=self.bases_softmax,
        )
        block = partial(
            SpecformerBlock,
            self.dim,
            self.dropout_rate,
            norm=self.made("norm"),
            bases=bases if self.bases_by_layer else None,
            **self.dtypes,
        )
        return self.transformer(spec, structures, embed=embed, block=block)
