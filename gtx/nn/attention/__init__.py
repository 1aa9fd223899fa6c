"""Attention with parameters: `gtx.ops.attention` as flax modules.

`ATTENTION` maps the names that a config can use to them.
"""

import functools

from gtx.nn.attention.call import attend, edges_of, pairs_of
from gtx.nn.attention.cross import CrossAttention
from gtx.nn.attention.egt import EGTAttention
from gtx.nn.attention.exphormer import ExphormerAttention
from gtx.nn.attention.grit import GRITAttention
from gtx.nn.attention.multi_head import MultiHeadAttention
from gtx.nn.attention.multiplied import MultipliedAttention
from gtx.nn.attention.nodeformer import NodeFormerAttention
from gtx.nn.attention.performer import PerformerAttention
from gtx.nn.attention.ppgt import PPGTAttention
from gtx.nn.attention.san import SANAttention
from gtx.nn.attention.sgformer import SGFormerAttention
from gtx.nn.attention.structure_aware import StructureAwareAttention
from gtx.nn.attention.triangular_update import TriangularUpdate
from gtx.nn.attention.triplet import TripletAttention
from gtx.typing import ModuleFactory

# By what the nodes attend to: all of their graph, or the senders of their edges.
ATTENTION: dict[str, ModuleFactory] = {
    "complete": functools.partial(MultiHeadAttention, structure="complete"),
    "edges": functools.partial(MultiHeadAttention, structure="edges"),
    "multiplied": MultipliedAttention,
    "performer": PerformerAttention,
}

__all__ = [
    "ATTENTION",
    "CrossAttention",
    "EGTAttention",
    "ExphormerAttention",
    "GRITAttention",
    "MultiHeadAttention",
    "MultipliedAttention",
    "NodeFormerAttention",
    "PPGTAttention",
    "PerformerAttention",
    "SANAttention",
    "SGFormerAttention",
    "StructureAwareAttention",
    "TriangularUpdate",
    "TripletAttention",
    "attend",
    "edges_of",
    "pairs_of",
]
