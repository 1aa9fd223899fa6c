"""The parts of layers, encoders and blocks, and the readouts and heads that follow them."""

from gtx.nn.parts import initializers
from gtx.nn.parts.activations import ACTIVATIONS
from gtx.nn.parts.degree_scaler import DegreeScaler
from gtx.nn.parts.dropout import Dropout
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.graph_token import GraphToken
from gtx.nn.parts.heads import MLPHead
from gtx.nn.parts.linear import Linear
from gtx.nn.parts.norms import NORMS, BatchNorm, LayerNorm, RMSNorm
from gtx.nn.parts.readouts import EdgeReadout, NodeReadout, PairReadout, Pool

__all__ = [
    "ACTIVATIONS",
    "NORMS",
    "BatchNorm",
    "DegreeScaler",
    "Dropout",
    "EdgeReadout",
    "FeedForward",
    "GraphToken",
    "LayerNorm",
    "Linear",
    "MLPHead",
    "NodeReadout",
    "PairReadout",
    "Pool",
    "RMSNorm",
    "initializers",
]
