"""Attention as one message of message passing: one function, several implementations."""

from gtx.ops.attention.api import attention
from gtx.ops.attention.contract import BiasFunction, Complete, Edges, Structure
from gtx.ops.attention.entry_scores import EGTScore, GRITScore, Multiplied
from gtx.ops.attention.scores import Additive, Clamped, Dot, Dynamic, Score
from gtx.ops.attention.weights import attention_weights

__all__ = [
    "Additive",
    "BiasFunction",
    "Clamped",
    "Complete",
    "Dot",
    "Dynamic",
    "EGTScore",
    "Edges",
    "GRITScore",
    "Multiplied",
    "Score",
    "Structure",
    "attention",
    "attention_weights",
]
