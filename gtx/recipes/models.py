"""From `config.model` to a model."""

import functools
from collections.abc import Callable, Mapping

import jax.numpy as jnp
from ml_collections import ConfigDict

import gtx.nn
from gtx.data import GraphSpec
from gtx.models import GraphTransformer, presets
from gtx.recipes import encoders
from gtx.recipes.data import encodings, topology_of
from gtx.recipes.rules import ConfigError, choose
from gtx.typing import ModuleFactory


def model(config: ConfigDict, spec: GraphSpec) -> GraphTransformer:
    """The config's model, with encoders for every column of `spec`."""
    preset = choose(MODELS, config.model.name, "config.model.name")
    return preset(config, spec)


def _gps(config: ConfigDict, spec: GraphSpec) -> GraphTransformer:
    settings = config.model
    nodes, node_encodings, graphs = encoders.of_nodes(
        spec, encodings(config), dim=settings.encoding_dim, laplacian=laplacian_encoder(settings)
    )
    pairs, edges = _pair_encoders(config, spec), encoders.of_edges(spec)
    local = choose(LOCAL, settings.local, "config.model.local")
    norm = choose(gtx.nn.parts.NORMS, settings.norm, "config.model.norm")
    if local is gtx.nn.GatedGCN:
        local = functools.partial(local, norm=norm, dropout_rate=settings.dropout_rate)
        edges = edges or {"constant": gtx.nn.ConstantEncoder}  # it reads no column
    if local in (gtx.nn.GCN, gtx.nn.GIN, gtx.nn.GraphSAGE):
        edges = {}  # they read none
    if local in (gtx.nn.GAT, gtx.nn.GATv2, gtx.nn.TransformerConv):
        local = functools.partial(
            local, num_heads=settings.num_heads, dropout_rate=settings.attention_dropout_rate
        )
    attention = None
    if settings.attention != "none":
        attention = functools.partial(
            gtx.nn.MultiHeadAttention,
            structure=settings.attention,
            implementation=settings.attention_implementation,
        )
    activation = choose(gtx.nn.parts.ACTIVATIONS, settings.activation, "config.model.activation")
    assert spec.label is not None
    level, ends = spec.label.level, settings.get("ends", "auto")
    readout = {"edge": gtx.nn.EdgeReadout, "pair": gtx.nn.PairReadout}.get(level)
    if readout is not None and ends != "auto":
        readout = functools.partial(readout, ends=ends)
    return presets.gps(
        num_outputs=spec.label.dim,
        nodes=nodes,
        edges=edges,
        encodings=node_encodings,
        pairs=pairs,
        graphs=graphs,
        dim=settings.dim,
        pair_dim=settings.pair_dim if pairs else None,
        num_layers=settings.num_layers,
        num_heads=settings.num_heads,
        local=local,
        attention=attention,
        feed_forward=functools.partial(
            gtx.nn.FeedForward,
            activation=activation,
            gated=settings.activation == "swiglu",
        ),
        norm=norm,
        pool=settings.pool if level == "graph" else None,
        readout=readout,
        pool_virtual_nodes="virtual_nodes" not in topology_of(config),
        num_head_layers=settings.head_layers,
        dropout_rate=settings.dropout_rate,
        readout_dropout_rate=settings.readout_dropout_rate,
        attention_dropout_rate=settings.attention_dropout_rate,
        remat=settings.remat,
        dtype=jnp.dtype(settings.dtype),
    )


def laplacian_encoder(settings: ConfigDict) -> ModuleFactory:
    """The encoder of eigenvectors."""
    name = settings.get("laplacian_encoder", "deep_set")
    encoder = choose(encoders.LAPLACIAN, name, "config.model.laplacian_encoder")
    if name in encoders.INVARIANT:
        return encoder
    drawn = dict(random_signs=True, random_bases=False)
    return functools.partial(
        encoder, **{field: settings.get(field, default) for field, default in drawn.items()}
    )


def _pair_encoders(config: ConfigDict, spec: GraphSpec) -> dict[str, ModuleFactory]:
    """Encoders of the pair columns, if attention is to be biased by them."""
    settings = config.model
    if not spec.pairs or not settings.pair_bias:
        return {}
    if settings.attention != "complete":
        raise ConfigError(
            f"config.model.attention is {settings.attention!r}, which reads no pairs, but there "
            f"are the pair columns {sorted(spec.pairs)}. Use 'complete', or pair_bias=False."
        )
    return encoders.of_pairs(spec, encodings(config), max_hops=settings.path_hops)


MODELS: Mapping[str, Callable[[ConfigDict, GraphSpec], GraphTransformer]] = {"gps": _gps}


LOCAL: Mapping[str, ModuleFactory | None] = {**gtx.nn.local.LOCAL, "none": None}
