"""Whole models: GraphTransformer, which holds the only loop over layers, and published models.

A published model is a frozen dataclass: `GPS(dim=64).build(dataset.spec)` is a flax module.
`MODELS` holds them by the names that `config.model.name` may have.
"""

from gtx.models.big_bird import BigBird
from gtx.models.ckgcn import CKGCN
from gtx.models.deep_sets import DeepSets
from gtx.models.difformer import DIFFormer
from gtx.models.edge_transformer import EdgeTransformer
from gtx.models.egt import EGT
from gtx.models.esa import ESA
from gtx.models.exphormer import Exphormer
from gtx.models.floydnet import FloydNet
from gtx.models.gdt import GDT
from gtx.models.gps import GPS
from gtx.models.gpspp import GPSPlusPlus
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.graphormer import Graphormer
from gtx.models.grit import GRIT
from gtx.models.gt import GT
from gtx.models.language_model import LanguageModel
from gtx.models.layered import LayeredModel
from gtx.models.lspe import LSPE
from gtx.models.model import Model, Needs
from gtx.models.mpnn import MPNN
from gtx.models.nagphormer import NAGphormer
from gtx.models.neural_walker import NeuralWalker
from gtx.models.nodeformer import NodeFormer
from gtx.models.performer import Performer
from gtx.models.polynormer import Polynormer
from gtx.models.ppgt import PPGT
from gtx.models.san import SAN
from gtx.models.sat import SAT
from gtx.models.set_transformer import SetTransformer
from gtx.models.sgformer import SGFormer
from gtx.models.specformer import Specformer
from gtx.models.tgt import TGT
from gtx.models.tokengt import TokenGT
from gtx.models.vit import ViT

MODELS: dict[str, type[Model]] = {
    "big_bird": BigBird,
    "ckgcn": CKGCN,
    "deep_sets": DeepSets,
    "difformer": DIFFormer,
    "edge_transformer": EdgeTransformer,
    "egt": EGT,
    "esa": ESA,
    "exphormer": Exphormer,
    "floydnet": FloydNet,
    "gdt": GDT,
    "gps": GPS,
    "gpspp": GPSPlusPlus,
    "graphormer": Graphormer,
    "grit": GRIT,
    "gt": GT,
    "language_model": LanguageModel,
    "lspe": LSPE,
    "mpnn": MPNN,
    "nagphormer": NAGphormer,
    "neural_walker": NeuralWalker,
    "nodeformer": NodeFormer,
    "performer": Performer,
    "polynormer": Polynormer,
    "ppgt": PPGT,
    "san": SAN,
    "sat": SAT,
    "set_transformer": SetTransformer,
    "sgformer": SGFormer,
    "specformer": Specformer,
    "tgt": TGT,
    "tokengt": TokenGT,
    "vit": ViT,
}

__all__ = [
    "CKGCN",
    "EGT",
    "ESA",
    "GDT",
    "GPS",
    "GRIT",
    "GT",
    "LSPE",
    "MODELS",
    "MPNN",
    "PPGT",
    "SAN",
    "SAT",
    "TGT",
    "BigBird",
    "DIFFormer",
    "DeepSets",
    "EdgeTransformer",
    "Exphormer",
    "FloydNet",
    "GPSPlusPlus",
    "GraphTransformer",
    "Graphormer",
    "LanguageModel",
    "LayeredModel",
    "Model",
    "NAGphormer",
    "Needs",
    "NeuralWalker",
    "NodeFormer",
    "Performer",
    "Polynormer",
    "SGFormer",
    "SetTransformer",
    "Specformer",
    "TokenGT",
    "ViT",
]
