"""flax.linen parts of a graph transformer.

Rooms: `attention`, `local` (message passing along edges), `encoders`, `blocks` and `parts`.
Every layer and block is called as `layer(features, batch, train=...) -> Features` and takes
padding rows for 0, whatever they hold. Parts of parts are factories, not modules.
"""

from gtx.nn.attention import CrossAttention, MultiHeadAttention
from gtx.nn.blocks import ISAB, PMA, GPSBlock, SetAttentionBlock, TransformerBlock
from gtx.nn.encoders import (
    CategoricalEncoder,
    ConstantEncoder,
    EdgePathEncoder,
    Embed,
    LaplacianEncoder,
    LaplacianLinearEncoder,
    LaplacianTransformerEncoder,
    LinearEncoder,
    RandomWalkEncoder,
    SignNetEncoder,
    SPEEncoder,
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
    Dropout,
    EdgeReadout,
    FeedForward,
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
    "CrossAttention",
    "GCN",
    "MPNN",
    "GraphSAGE",
    "GAT",
    "GATv2",
    "TransformerConv",
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
    "Dropout",
    "EdgePathEncoder",
    "EdgeReadout",
    "Embed",
    "FeedForward",
    "GPSBlock",
    "GatedGCN",
    "LaplacianEncoder",
    "LaplacianLinearEncoder",
    "LaplacianTransformerEncoder",
    "LayerNorm",
    "Linear",
    "LinearEncoder",
    "MLPHead",
    "MultiHeadAttention",
    "NodeReadout",
    "PairReadout",
    "Pool",
    "RMSNorm",
    "RandomWalkEncoder",
    "ResGatedGraphConv",
    "TransformerBlock",
    "initializers",
]
