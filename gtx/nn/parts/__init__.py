"""The parts of layers, encoders and blocks, and the readouts and heads that follow them."""

from gtx.nn.parts import initializers
from gtx.nn.parts.activations import ACTIVATIONS
from gtx.nn.parts.degree_scaler import DegreeScaler
from gtx.nn.parts.drop_path import DropPath
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.entry_feed_forward import EntryFeedForward
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.graph_norms import GraphNorm, PairNorm
from gtx.nn.parts.graph_token import GraphToken
from gtx.nn.parts.heads import MLPHead
from gtx.nn.parts.jumping_knowledge import JumpingKnowledge, RememberedBlock
from gtx.nn.parts.layer_scale import LayerScale, ReZero
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import NORMS, AdaRMSNorm, BatchNorm, LayerNorm, RMSNorm
from gtx.nn.parts.pair_readouts import FromPairs, OwnPairReadout, PairSums
from gtx.nn.parts.readouts import EdgeReadout, NodeReadout, PairReadout, Pool
from gtx.nn.parts.top_k import TopKPool

__all__ = [
    "ACTIVATIONS",
    "NORMS",
    "AdaRMSNorm",
    "BatchNorm",
    "DegreeScaler",
    "DropPath",
    "Dropout",
    "EdgeReadout",
    "EntryFeedForward",
    "FeedForward",
    "FromPairs",
    "GraphNorm",
    "GraphToken",
    "JumpingKnowledge",
    "LayerNorm",
    "LayerScale",
    "Linear",
    "MLPHead",
    "NodeReadout",
    "OwnPairReadout",
    "PairNorm",
    "PairReadout",
    "PairSums",
    "Pool",
    "RMSNorm",
    "ReZero",
    "RememberedBlock",
    "TopKPool",
    "initializers",
]
