"""Published models, each one a composition of parts from `gtx.nn`."""

import functools
from collections.abc import Mapping

import jax.numpy as jnp

from gtx.models.graph_transformer import GraphTransformer
from gtx.nn.attention import MultiHeadAttention
from gtx.nn.blocks import GPSBlock
from gtx.nn.encoders import Embed
from gtx.nn.local import GINE
from gtx.nn.parts.feed_forward import FeedForward
from gtx.nn.parts.heads import MLPHead
from gtx.nn.parts.norms import BatchNorm
from gtx.nn.parts.readouts import NodeReadout, Pool
from gtx.ops.pooling import Pooling
from gtx.typing import Dtype, ModuleFactory


def gps(
    *,
    num_outputs: int,
    nodes: Mapping[str, ModuleFactory],
    edges: Mapping[str, ModuleFactory],
    encodings: Mapping[str, ModuleFactory] | None = None,
    pairs: Mapping[str, ModuleFactory] | None = None,
    graphs: Mapping[str, ModuleFactory] | None = None,
    dim: int = 64,
    pair_dim: int | None = None,
    num_layers: int = 10,
    num_heads: int = 4,
    local: ModuleFactory | None = GINE,
    attention: ModuleFactory | None = MultiHeadAttention,
    feed_forward: ModuleFactory = FeedForward,
    norm: ModuleFactory = BatchNorm,
    pool: Pooling | None = "sum",
    pool_virtual_nodes: bool = True,
    readout: ModuleFactory | None = None,
    num_head_layers: int = 3,
    dropout_rate: float = 0.0,
    readout_dropout_rate: float = 0.0,
    attention_dropout_rate: float = 0.5,
    remat: bool = False,
    dtype: Dtype | None = None,
    param_dtype: Dtype = jnp.float32,
) -> GraphTransformer:
    """GPS: Rampášek et al. (2022). The defaults are table 1's model for ZINC.

    All initial values are PyTorch's, as in GraphGPS.

    Args:
      num_outputs: width of the prediction.
      nodes: encoders by column, as in `Embed`; so `edges`, `encodings`, `pairs` and `graphs`.
      edges: see `nodes`.
      encodings: see `nodes`.
      pairs: see `nodes`; where there are any, the attention gets `pair_bias=True`.
      graphs: see `nodes`.
      dim: width of nodes and edges.
      pair_dim: width of pairs; None is `dim`.
      num_layers: blocks.
      num_heads: of the attention.
      local: factory of the message-passing layer; a dropout of its own is bound beforehand.
        None leaves that half of the block out.
      attention: factory of the attention layer, likewise; gets `num_heads` and `dropout_rate`.
      feed_forward: factory of the feed-forward layer; gets `dropout_rate`.
      norm: factory of the norms of a block.
      pool: how the nodes of a graph become one vector; None predicts for nodes.
      pool_virtual_nodes: as `virtual_nodes` in `Pool`.
      readout: factory of another readout, such as `PairReadout`, with `pool=None`; gets
        `dropout_rate`.
      num_head_layers: linear maps of the head.
      dropout_rate: after local layer and attention, and in the feed-forward layer.
      readout_dropout_rate: of what the head reads.
      attention_dropout_rate: of the attention weights.
      remat: as in `GraphTransformer`.
      dtype: computation dtype.
      param_dtype: storage dtype.
    """
    options = dict(dtype=dtype, param_dtype=param_dtype)
    if attention is not None:
        attention = functools.partial(
            attention, num_heads=num_heads, dropout_rate=attention_dropout_rate
        )
        if pairs:
            attention = functools.partial(attention, pair_bias=True)
    if readout is not None and pool is not None:
        raise ValueError(
            f"pool={pool!r} makes one row per graph, and there is a readout too. Give pool=None."
        )
    if readout is None:
        readout = NodeReadout
    if pool is not None:
        readout = functools.partial(Pool, pool, virtual_nodes=pool_virtual_nodes)
    return GraphTransformer(
        embed=functools.partial(
            Embed,
            dim,
            nodes,
            encodings=encodings,
            edges=edges,
            pairs=pairs,
            graphs=graphs,
            pair_dim=pair_dim,
            **options,
        ),
        block=functools.partial(
            GPSBlock,
            dim,
            local=local,
            attention=attention,
            feed_forward=functools.partial(feed_forward, dropout_rate=dropout_rate),
            norm=norm,
            dropout_rate=dropout_rate,
            **options,
        ),
        num_layers=num_layers,
        readout=functools.partial(readout, dropout_rate=readout_dropout_rate),
        head=functools.partial(MLPHead, num_outputs, num_head_layers, **options),
        remat=remat,
    )
