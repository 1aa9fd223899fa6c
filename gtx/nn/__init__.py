"""flax.linen parts of a graph transformer.

Every layer and block is called as `layer(features, batch, train=...) -> Features` and takes
padding rows for 0, whatever they hold. Parts of parts are factories, not modules.
"""

from gtx.nn import initializers
from gtx.nn.attention import CrossAttention, MultiHeadAttention
from gtx.nn.blocks import GPSBlock, TransformerBlock
from gtx.nn.convolutions import GCN, MPNN, GraphSAGE
from gtx.nn.dropout import Dropout
from gtx.nn.edge_paths import EdgePathEncoder
from gtx.nn.embeddings import (
    CategoricalEncoder,
    ConstantEncoder,
    Embed,
    LinearEncoder,
    RandomWalkEncoder,
)
from gtx.nn.feed_forward import FeedForward
from gtx.nn.graph_attention import GATLayer, GATv2Layer, TransformerConv
from gtx.nn.heads import MLPHead
from gtx.nn.invariant import SignNetEncoder, SPEEncoder
from gtx.nn.linear import Linear
from gtx.nn.message_passing import GIN, GINE, GatedGCN, ResGatedGraphConv
from gtx.nn.norms import BatchNorm, LayerNorm, RMSNorm
from gtx.nn.readouts import NodeReadout, Pool
from gtx.nn.set_attention import ISAB, PMA, SetAttentionBlock
from gtx.nn.spectral import (
    LaplacianEncoder,
    LaplacianLinearEncoder,
    LaplacianTransformerEncoder,
)

__all__ = [
    "CrossAttention",
    "GCN",
    "MPNN",
    "GraphSAGE",
    "GATLayer",
    "GATv2Layer",
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
    "Pool",
    "RMSNorm",
    "RandomWalkEncoder",
    "ResGatedGraphConv",
    "TransformerBlock",
    "initializers",
]
