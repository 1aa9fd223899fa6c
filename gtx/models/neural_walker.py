"""NeuralWalker: random walks read as sequences, beside message passing."""

import dataclasses
import math
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from gtx.limits import Layers, Rate, Width
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.layered import LayeredModel
from gtx.models.model import Encoding, Needs, Spec
from gtx.models.parts import PartOf
from gtx.nn.blocks.neural_walker import NeuralWalkerBlock, NeuralWalkerOutput
from gtx.nn.encoders.walks import WalkEmbed
from gtx.nn.sequences import SEQUENCES
from gtx.ops.pooling import Pooling


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeuralWalker(LayeredModel):
    """NeuralWalker (Chen et al., 2025). The defaults are the authors' for ZINC.

    Blocks of a layer over walks, message passing and a virtual node: see
    `gtx.nn.blocks.NeuralWalkerBlock`; the last block has no virtual node. The structure `walks`
    draws the walks, whose length and window are its settings. They are fixed here, where the
    authors draw new ones in each epoch.

    The authors' code also offers S4 for the walks, GCN and GatedGCN in place of GINE, and
    attention in place of the virtual node. Edges without columns have a learned vector, in that
    code none before the first block.

    Attributes:
      sequence: the layer over walks: "mamba", "convolution" or "attention".
      virtual_node: whether there is one.
      dropout_rate: in the maps of nodes, edges and virtual node.
    """

    paper: ClassVar[str] = "Chen, Schulz and Borgwardt (2025), ICLR"
    complexity: ClassVar[str] = "n l d² + m d, walks of l nodes"
    recipe: ClassVar[str] = "zinc_neuralwalker"
    published: ClassVar[str] = "test MAE 0.065 ± 0.001"

    dim: Width = 80
    num_layers: Layers = 3
    sequence: Annotated[Any, PartOf(SEQUENCES)] = "mamba"
    virtual_node: bool = True
    dropout_rate: Rate = 0.0
    pool: Pooling = "sum"
    head_layers: Layers = 2
    head_widths: Literal["halving", "equal"] = "equal"

    def needs(self) -> Needs:
        return dataclasses.replace(super().needs(), structures=("walks",))

    def build(
        self, spec: Spec, *, encodings: Collection[Encoding] = (), structures: Collection[str] = ()
    ) -> GraphTransformer:
        if "walks" not in spec.edge_sets:
            raise ValueError(
                "NeuralWalker reads the walks of the structure 'walks', which the data do not "
                "have. Add gtx.structures.Walks, config.structures.walks."
            )
        columns = spec.edge_sets["walks"]
        (length,) = columns["position"].sizes
        window = 1 + sum(int(math.log2(size)) for size in columns["adjacency"].sizes)
        encoders = self.encoders(spec, encodings).for_edges(("graph",))
        options: dict[str, Any] = dict(dropout_rate=self.dropout_rate, **self.dtypes)
        block = partial(NeuralWalkerBlock, self.dim, self.made("sequence"), **options)
        blocks = [
            partial(block, virtual_node=self.virtual_node and number < self.num_layers - 1)
            for number in range(self.num_layers)
        ]
        output = partial(NeuralWalkerOutput, self.dim, **options)
        return self.transformer(
            spec,
            structures,
            embed=partial(WalkEmbed, self.embed(encoders), length, window),
            block=(*blocks, output),
        )
