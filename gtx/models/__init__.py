"""Whole models: GraphTransformer, which holds the only loop over layers, and published models.

A published model is a frozen dataclass: `GPS(dim=64).build(dataset.spec)` is a flax module.
`MODELS` holds them by the names that `config.model.name` may have.
"""

from gtx.models.gps import GPS
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.grit import GRIT
from gtx.models.gt import GT
from gtx.models.layered import LayeredModel
from gtx.models.model import Model, Needs

MODELS: dict[str, type[Model]] = {
    "gps": GPS,
    "grit": GRIT,
    "gt": GT,
}

__all__ = [
    "GPS",
    "GRIT",
    "GT",
    "MODELS",
    "GraphTransformer",
    "LayeredModel",
    "Model",
    "Needs",
]
