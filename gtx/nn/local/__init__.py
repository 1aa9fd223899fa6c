"""Layers that send messages along the edges of the batch that its `edge_mask` keeps.

One layer in each file, with its formula. In these, `i` is a receiver, `j` a sender and e_ij the
features of an edge. Linear maps act on nodes before the nodes are gathered to the edges, because
a graph has more edges than nodes. `LOCAL` holds the layers that a config can name.
"""

from gtx.nn.local.gat import GAT
from gtx.nn.local.gated_gcn import GatedGCN
from gtx.nn.local.gatv2 import GATv2
from gtx.nn.local.gcn import GCN
from gtx.nn.local.gcne import GCNE
from gtx.nn.local.gen import GEN
from gtx.nn.local.gin import GIN
from gtx.nn.local.gine import GINE
from gtx.nn.local.graph_sage import GraphSAGE
from gtx.nn.local.mpnn import MPNN
from gtx.nn.local.pna import PNA
from gtx.nn.local.res_gated_graph_conv import ResGatedGraphConv
from gtx.nn.local.transformer_conv import TransformerConv
from gtx.typing import ModuleFactory

LOCAL: dict[str, ModuleFactory] = {
    "gat": GAT,
    "gated_gcn": GatedGCN,
    "gatv2": GATv2,
    "gcn": GCN,
    "gcne": GCNE,
    "gen": GEN,
    "gin": GIN,
    "gine": GINE,
    "mpnn": MPNN,
    "pna": PNA,
    "res_gated_graph_conv": ResGatedGraphConv,
    "sage": GraphSAGE,
    "transformer_conv": TransformerConv,
}

__all__ = [
    "GAT",
    "GCN",
    "GCNE",
    "GEN",
    "GIN",
    "GINE",
    "LOCAL",
    "MPNN",
    "PNA",
    "GATv2",
    "GatedGCN",
    "GraphSAGE",
    "ResGatedGraphConv",
    "TransformerConv",
]
