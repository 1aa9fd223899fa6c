"""Whole models: GraphTransformer, which holds the only loop over layers, and published models.

A published model is a frozen dataclass: `GPS(dim=64).build(dataset.spec)` is a flax module.
`MODELS` holds them by the names that `config.model.name` may have.
"""

from gtx.models.gps import GPS
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.grit import GRIT
from gtx.models.gt import GT
from gtx.models.layered import LayeredModel
from gtx.models.lspe import LSPE
from gtx.models.model import Model, Needs
from gtx.models.sat import SAT

MODELS: dict[str, type[Model]] = {
    "gps": GPS,
    "grit": GRIT,
    "gt": GT,
    "lspe": LSPE,
    "sat": SAT,
}

__all__ = [
    "SAT",
    "LSPE",
    "GPS",
    "GRIT",
    "GT",
    "MODELS",
    "GraphTransformer",
    "LayeredModel",
    "Model",
    "Needs",
]
