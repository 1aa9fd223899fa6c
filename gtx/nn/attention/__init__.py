"""Attention with parameters: `gtx.ops.attention` as flax modules."""

from gtx.nn.attention.call import attend, edges_of, pairs_of
from gtx.nn.attention.cross import CrossAttention
from gtx.nn.attention.multi_head import MultiHeadAttention

__all__ = ["CrossAttention", "MultiHeadAttention", "attend", "edges_of", "pairs_of"]
