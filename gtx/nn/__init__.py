"""flax.linen parts of a graph transformer.

Packages: `attention`, `local` (message passing along edges), `encoders`, `blocks` and `parts`.
Every layer and block is called as `layer(features, batch, train=...) -> Features`. It treats the
rows of padding as 0, even where they hold NaN. A field for a part, such as a norm, takes a factory
and not a module, because one module in several layers would share its parameters among them.

These fields mean the same in every module. A docstring names them only where it adds something.

  dtype: the dtype in which the module computes. None takes the promotion of its inputs and its
    parameters. A module passes it to its parts.
  param_dtype: the dtype in which parameters are stored. A module passes it to its parts.
  kernel_init: initial values of every kernel, `[in, out]`.
  bias_init: initial values of every bias. None takes PyTorch's, uniform within 1/sqrt(in).
"""

from gtx.nn.attention import (
    CrossAttention,
    ExphormerAttention,
    GRITAttention,
    MultiHeadAttention,
    MultipliedAttention,
    NodeFormerAttention,
    PerformerAttention,
    SGFormerAttention,
    StructureAwareAttention,
)
from gtx.nn.blocks import (
    ISAB,
    PMA,
    GPSBlock,
    GRITBlock,
    GTBlock,
    SANBlock,
    SetAttentionBlock,
    TransformerBlock,
)
from gtx.nn.encoders import (
    CategoricalEncoder,
    ComplementEmbed,
    ConstantEncoder,
    EdgePairEncoder,
    EdgePathEncoder,
    Embed,
    ExphormerEmbed,
    LaplacianEncoder,
    LaplacianLinearEncoder,
    LaplacianTransformerEncoder,
    LinearEncoder,
    RandomFeaturesEncoder,
    RandomWalkEncoder,
    SignNetEncoder,
    SPEEncoder,
    VectorPairsEncoder,
)
from gtx.nn.local import (
    GAT,
    GCN,
    GIN,
    GINE,
    MPNN,
    GatedGCN,
    GATv2,
    GraphSAGE,
    ResGatedGraphConv,
    TransformerConv,
)
from gtx.nn.parts import (
    BatchNorm,
    DegreeScaler,
    Dropout,
    EdgeReadout,
    FeedForward,
    GraphToken,
    LayerNorm,
    Linear,
    MLPHead,
    NodeReadout,
    PairReadout,
    Pool,
    RMSNorm,
    initializers,
)

__all__ = [
    "ComplementEmbed",
    "CrossAttention",
    "ExphormerAttention",
    "ExphormerEmbed",
    "GCN",
    "MPNN",
    "GraphSAGE",
    "GAT",
    "GATv2",
    "NodeFormerAttention",
    "PerformerAttention",
    "SANBlock",
    "SGFormerAttention",
    "TransformerConv",
    "VectorPairsEncoder",
    "GIN",
    "ISAB",
    "PMA",
    "SPEEncoder",
    "SetAttentionBlock",
    "SignNetEncoder",
    "GINE",
    "BatchNorm",
    "CategoricalEncoder",
    "ConstantEncoder",
    "DegreeScaler",
    "Dropout",
    "EdgePairEncoder",
    "EdgePathEncoder",
    "EdgeReadout",
    "Embed",
    "FeedForward",
    "GPSBlock",
    "GTBlock",
    "GRITAttention",
    "GRITBlock",
    "GatedGCN",
    "GraphToken",
    "LaplacianEncoder",
    "LaplacianLinearEncoder",
    "LaplacianTransformerEncoder",
    "LayerNorm",
    "Linear",
    "LinearEncoder",
    "MLPHead",
    "MultiHeadAttention",
    "MultipliedAttention",
    "NodeReadout",
    "PairReadout",
    "Pool",
    "RMSNorm",
    "RandomFeaturesEncoder",
    "RandomWalkEncoder",
    "ResGatedGraphConv",
    "StructureAwareAttention",
    "TransformerBlock",
    "initializers",
]
