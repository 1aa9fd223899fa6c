"""Blocks: what GraphTransformer repeats. A block maps features to features of the same widths.

A block's parts are factories, called with `dim`, `dtype`, `param_dtype` and `name` (norms
without `dim`); everything else is bound beforehand, as in
`functools.partial(MultiHeadAttention, num_heads=8)`. `BLOCKS` holds the blocks by name.
"""

from gtx.nn.blocks.deep_sets import DeepSetsLayer
from gtx.nn.blocks.edge_transformer import EdgeTransformerBlock
from gtx.nn.blocks.egt import EGTBlock
from gtx.nn.blocks.esa import ESABlock
from gtx.nn.blocks.esa_readout import ESAReadout
from gtx.nn.blocks.gps import GPSBlock
from gtx.nn.blocks.grit import GRITBlock
from gtx.nn.blocks.gt import GTBlock
from gtx.nn.blocks.hops import HopReadout, OnHops
from gtx.nn.blocks.isab import ISAB
from gtx.nn.blocks.mpnn import MPNNBlock
from gtx.nn.blocks.pivotal import PivotalBlock
from gtx.nn.blocks.pma import PMA
from gtx.nn.blocks.polynormer import (
    ByStep,
    LocalToGlobal,
    PolynormerGlobalBlock,
    PolynormerLocalBlock,
)
from gtx.nn.blocks.san import SANBlock
from gtx.nn.blocks.set_attention_block import SetAttentionBlock
from gtx.nn.blocks.sgformer import InitialResidualBlock, SGFormerBlock
from gtx.nn.blocks.streams import MixStreams, OnStream
from gtx.nn.blocks.transformer import TransformerBlock
from gtx.nn.blocks.virtual_node import VirtualNodeBlock
from gtx.typing import ModuleFactory

BLOCKS: dict[str, ModuleFactory] = {
    "deep_sets": DeepSetsLayer,
    "edge_transformer": EdgeTransformerBlock,
    "egt": EGTBlock,
    "gps": GPSBlock,
    "grit": GRITBlock,
    "gt": GTBlock,
    "isab": ISAB,
    "mpnn": MPNNBlock,
    "pivotal": PivotalBlock,
    "san": SANBlock,
    "set_attention": SetAttentionBlock,
    "transformer": TransformerBlock,
    "virtual_node": VirtualNodeBlock,
}

__all__ = [
    "BLOCKS",
    "ISAB",
    "PMA",
    "ByStep",
    "DeepSetsLayer",
    "EGTBlock",
    "ESABlock",
    "ESAReadout",
    "EdgeTransformerBlock",
    "GPSBlock",
    "GRITBlock",
    "GTBlock",
    "HopReadout",
    "InitialResidualBlock",
    "LocalToGlobal",
    "MPNNBlock",
    "MixStreams",
    "OnHops",
    "OnStream",
    "PivotalBlock",
    "PolynormerGlobalBlock",
    "PolynormerLocalBlock",
    "SANBlock",
    "SGFormerBlock",
    "SetAttentionBlock",
    "TransformerBlock",
    "VirtualNodeBlock",
]
