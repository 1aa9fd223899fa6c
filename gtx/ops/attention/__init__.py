"""Attention as one message of message passing: one function, several implementations."""

from gtx.ops.attention.api import attention
from gtx.ops.attention.contract import Complete, Edges, Structure
from gtx.ops.attention.scores import Additive, Clamped, Dot, Dynamic, Score

__all__ = [
    "Additive",
    "Clamped",
    "Complete",
    "Dot",
    "Dynamic",
    "Edges",
    "Score",
    "Structure",
    "attention",
]
