"""The state dict of the authors' GRIT (github.com/LiamMa/GRIT), to `gtx.models.GRIT`."""

from gtx.interop.torch.layers import embedding, linear, norm
from gtx.interop.torch.rows import Row, Table, Unread, within


def _score(array):
    """[head width, heads, 1] to [heads, head width]."""
    return array[:, :, 0].T


def _message_value(array):
    """[head width, heads, head width] to [heads, head width, head width]."""
    return array.transpose(1, 0, 2)


def _coefficients(array):
    """[1, width, 2] to [2, width]."""
    return array[0].T


_BLOCK: Table = (
    *linear("attention/query", "attention.Q"),
    *linear("attention/key", "attention.K"),
    *linear("attention/value", "attention.V"),
    *linear("attention/entries", "attention.E"),
    Row("attention/score", ("attention.Aw",), _score),
    Row("attention/message_value", ("attention.VeRow",), _message_value),
    Row("scale/coefficients", ("deg_coef",), _coefficients),
    *linear("nodes", "O_h"),
    *linear("pairs", "O_e"),
    *norm("norm_attention", "batch_norm1_h"),
    *norm("norm_pairs", "batch_norm1_e"),
    *norm("norm_feed_forward", "batch_norm2_h"),
    *norm("norm_attention", "layer_norm1_h"),
    *norm("norm_pairs", "layer_norm1_e"),
    *norm("norm_feed_forward", "layer_norm2_h"),
    *linear("feed_forward/hidden", "FFN_h_layer1"),
    *linear("feed_forward/output", "FFN_h_layer2"),
)

# Of the network "GritTransformer" with types of nodes and edges, as for ZINC. The columns of the
# data are "type", and RRWP has its default name.
GRIT: Table = (
    *embedding("embed/node_type", "encoder.node_encoder.encoder"),
    *embedding("embed/pair_edges/edge_type", "encoder.edge_encoder.encoder"),
    *linear("embed/node_rrwp/linear", "rrwp_abs_encoder.fc"),
    *linear("embed/pair_rrwp/linear", "rrwp_rel_encoder.fc"),
    Unread(
        "rrwp_rel_encoder.padding",
        zero=True,
        why="gtx gives 0 to pairs without an edge, as all configurations of the authors do",
    ),
    *within(_BLOCK, "block_{}", "layers.{}"),
    *linear("head/linear_{}", "post_mp.FC_layers.{}"),
)
