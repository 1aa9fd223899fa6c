"""Tables of the modules of PyTorch and PyTorch Geometric whose layers gtx has."""

from gtx.interop.torch.rows import Row, Table, Unread, side_by_side, transposed, within


def first(array):
    """The vectors of heads, which PyG keeps as [1, heads, width]."""
    return array[0]


def scalar(array):
    return array.reshape(())


def linear(to: str = "", name: str = "") -> Table:
    """`torch.nn.Linear` and PyG's `Linear`, to `gtx.nn.Linear`."""
    table = (Row("kernel", ("weight",), transposed), Row("bias", ("bias",)))
    return within(table, to, name)


def embedding(to: str = "", name: str = "") -> Table:
    """`torch.nn.Embedding`, to `gtx.nn.CategoricalEncoder`."""
    return within((Row("embedding", ("weight",)),), to, name)


def norm(to: str = "", name: str = "") -> Table:
    """`torch.nn.BatchNorm1d` or `LayerNorm`, to the layer of that name.

    The number of batches that a BatchNorm has seen enters no result.
    """
    table = (
        Row("scale", ("weight",)),
        Row("bias", ("bias",)),
        Row("mean", ("running_mean",), collection="batch_stats"),
        Row("var", ("running_var",), collection="batch_stats"),
        Unread("num_batches_tracked"),
    )
    return within(table, to, name)


ATTENTION: Table = (
    Row("query_key_value/kernel", ("in_proj_weight",), transposed),
    Row("query_key_value/bias", ("in_proj_bias",)),
    *linear("output", "out_proj"),
)

# The MLP is PyG's Sequential(Linear, activation, Linear).
GIN: Table = (
    *linear("hidden", "nn.0"),
    *linear("output", "nn.2"),
    Row("epsilon", ("eps",), scalar),
    Unread(
        "eps", zero=True, why="build the gtx layer with train_epsilon=True, whose parameter it is"
    ),
)

GAT: Table = (
    *linear("nodes", "lin"),
    Row("receiver_vector", ("att_dst",), first),
    Row("sender_vector", ("att_src",), first),
    Row("edges", ("lin_edge.weight",), transposed),
    Row("edge_vector", ("att_edge",), first),
    Row("bias", ("bias",)),
)

GATV2: Table = (
    *linear("senders", "lin_l"),
    *linear("receivers", "lin_r"),
    *linear("edges", "lin_edge"),
    Row("vector", ("att",), first),
    Row("bias", ("bias",)),
    # With share_weights one map has two names.
    *(
        Unread(f"lin_r.{name}", equals=f"lin_l.{name}", why="build the gtx layer without sharing")
        for name in ("weight", "bias")
    ),
)

_MAPS = ("lin_query", "lin_key", "lin_value", "lin_skip")
TRANSFORMER: Table = (
    *(
        Row(f"nodes/{to}", tuple(f"{each}.{name}" for each in maps), side_by_side)
        for to, name in (("kernel", "weight"), ("bias", "bias"))
        # PyG has `lin_skip` also with root_weight=False, when nobody reads it. A state dict does
        # not tell these apart. Leave it out by hand, and the second row counts.
        for maps in (_MAPS, _MAPS[:3])
    ),
    *linear("edges", "lin_edge"),
    *linear("gate", "lin_beta"),
)

GCN: Table = (*linear("linear", "lin"), Row("bias", ("bias",)))
SAGE: Table = (*linear("neighbours", "lin_l"), *linear("root", "lin_r"))


def _nodes_of(*arrays):
    """PyG's kernels act on [node; edge]: the part of the nodes, and the skip."""
    *maps, skip = arrays
    return side_by_side(*(each[:, : skip.shape[1]] for each in maps), skip)


def _edges_of(*arrays):
    *maps, skip = arrays
    return side_by_side(*(each[:, skip.shape[1] :] for each in maps))


_GATED = tuple(f"lin_{name}" for name in ("key", "query", "value", "skip"))
RES_GATED: Table = (
    Row("nodes/kernel", tuple(f"{name}.weight" for name in _GATED), _nodes_of),
    Row("edges", tuple(f"{name}.weight" for name in _GATED), _edges_of),
    Row("nodes/bias", (*(f"{name}.bias" for name in _GATED[:3]), "bias"), side_by_side),
)


def _thirds(start, end):
    """Of the joint map of query, key and value: those from `start` to before `end`, transposed."""

    def take(array):
        width = len(array) // 3
        return array[start * width : end * width].T

    return take


# `torch.nn.MultiheadAttention` between two sets, to `gtx.nn.CrossAttention`.
CROSS_ATTENTION: Table = (
    *(
        Row(f"{to}/{ours}", (f"in_proj_{theirs}",), _thirds(*part))
        for to, part in (("query", (0, 1)), ("key_value", (1, 3)))
        for ours, theirs in (("kernel", "weight"), ("bias", "bias"))
    ),
    *linear("output", "out_proj"),
)
_SET_BLOCK: Table = (  # PyG's MultiheadAttentionBlock
    *within(CROSS_ATTENTION, "attention", "attn"),
    *linear("feed_forward", "lin"),
    *norm("norm_attention", "layer_norm1"),
    *norm("norm_feed_forward", "layer_norm2"),
)
ISAB: Table = (
    *within(_SET_BLOCK, "gather", "mab1"),
    *within(_SET_BLOCK, "spread", "mab2"),
    Row("points", ("ind",), first),
)
PMA: Table = (
    *linear("linear", "lin"),
    *within(_SET_BLOCK, "block", "mab"),
    Row("seeds", ("seed",), first),
)

LAYERS: dict[str, Table] = {
    "linear": linear(),
    "embedding": embedding(),
    "batch_norm": norm(),
    "layer_norm": norm(),
    "multihead_attention": ATTENTION,
    "cross_attention": CROSS_ATTENTION,
    "induced_set_attention_block": ISAB,
    "pooling_by_multihead_attention": PMA,
    "set_attention_block": within(_SET_BLOCK, "block", "mab"),
    "gat_conv": GAT,
    "gatv2_conv": GATV2,
    "gcn_conv": GCN,
    "gin_conv": GIN,
    "gine_conv": GIN,
    "res_gated_graph_conv": RES_GATED,
    "sage_conv": SAGE,
    "transformer_conv": TRANSFORMER,
}


def gps_conv(local: str = "gine_conv") -> Table:
    """PyG's `GPSConv` with batch norms and multi-head attention, to `gtx.nn.GPSBlock`.

    Args:
      local: what its `conv` is, a name of `LAYERS`. Where the block has no local layer it does not
        matter.
    """
    return (
        *within(LAYERS[local], "local", "conv"),
        *within(ATTENTION, "attention", "attn"),
        *norm("norm_local", "norm1.module"),
        *norm("norm_attention", "norm2.module"),
        *norm("norm_feed_forward", "norm3.module"),
        *linear("feed_forward/hidden", "mlp.0"),
        *linear("feed_forward/output", "mlp.3"),
    )


LAYERS["gps_conv"] = gps_conv()
