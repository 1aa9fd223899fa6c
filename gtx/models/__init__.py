"""Whole models: GraphTransformer, which holds the only loop over layers, and presets."""

from gtx.models import presets
from gtx.models.graph_transformer import GraphTransformer

__all__ = ["GraphTransformer", "presets"]
