"""The state dict of the authors' Graphormer v1 (github.com/microsoft/Graphormer)."""

import functools

import numpy as np

from gtx.interop.torch.layers import linear, norm
from gtx.interop.torch.rows import Row, Table, side_by_side, within


def _types(num_types, table, token):
    """Type t is row t + 2 there; the token is the class after the last type here."""
    table = np.roll(table, -2, axis=0)
    return np.concatenate([table[:num_types], token, table[num_types:]])


def _degrees(*tables):
    """Degree d is row d + 1 there; the last row here is the token's, which has no degree there."""
    return np.concatenate([np.concatenate([each[1:], np.zeros_like(each[:1])]) for each in tables])


def _distances(table, token):
    """Distance d is row d + 1 there, the last row also no path; the last row here is the token."""
    return np.concatenate([table[1:], table[-1:], token])


def _edge_types(drop_padding, table):
    """Type t is row t + 3 there, and row 0 what stands in place of an edge after a path's end."""
    if np.any(table[0]) and not drop_padding:
        raise ValueError(
            "row 0 of edge_encoder.weight is not 0. The authors' code adds it to the bias for each "
            "step by which a path is shorter than the longest path of the batch. Neither the paper "
            "nor gtx does. With graphormer(..., drop_padding=True) the row is left out, and the "
            "outputs differ by that."
        )
    return np.roll(table, -3, axis=0)


def _hops(edges, table):
    """[hops * heads * heads, 1] to [hops, heads, heads]."""
    heads = edges.shape[1]
    return table.reshape(-1, heads, heads)


_MAPS = tuple(f"self_attention.linear_{name}" for name in "qkv")
_BLOCK: Table = (
    *norm("norm_attention", "self_attention_norm"),
    Row("attention/query_key_value/kernel", tuple(f"{n}.weight" for n in _MAPS), side_by_side),
    Row("attention/query_key_value/bias", tuple(f"{n}.bias" for n in _MAPS), side_by_side),
    *linear("attention/output", "self_attention.output_layer"),
    *norm("norm_feed_forward", "ffn_norm"),
    *linear("feed_forward/hidden", "ffn.layer1"),
    *linear("feed_forward/output", "ffn.layer2"),
)


def graphormer(
    num_node_types: int,
    *,
    node_column: str = "type",
    edge_column: str = "type",
    drop_padding: bool = False,
) -> Table:
    """The v1 code's `Graphormer` with `edge_type="multi_hop"`, to `gtx.models.Graphormer`.

    The gtx model has `final_norm=True`, and the encodings `degree_class`, `spd` and
    `shortest_paths` under their default names. With tables of R rows there, their `max_degree` is
    R - 3 and `max_distance` is R - 3, and `table_hops` the number of matrices along paths; so are
    those of `configs/zinc_graphormer.py`. One column of nodes and one of edges hold types, one
    feature each. Rows that no type has are left out where the gtx table is shorter.

    The outputs are equal on graphs whose nodes are fewer than 20 steps apart: nodes further apart
    do not attend to each other there.

    Args:
      num_node_types: categories of the column of nodes, without that of the token: 28 on ZINC.
      node_column: its name; likewise:
      edge_column: of edges.
      drop_padding: leave out row 0 of `edge_encoder`, whatever it holds. It should be 0, but the
        authors' initial values are not.
    """
    path = "embed/pair_shortest_paths"
    return (
        Row(
            f"embed/node_{node_column}/embedding",
            ("atom_encoder.weight", "graph_token.weight"),
            functools.partial(_types, num_node_types),
            cut=True,
        ),
        Row(
            "embed/node_degree_class/embedding",
            ("in_degree_encoder.weight", "out_degree_encoder.weight"),
            _degrees,
        ),
        *(
            Row(
                "embed/pair_spd/embedding",
                (f"{name}.weight", "graph_token_virtual_distance.weight"),
                _distances,
            )
            for name in ("rel_pos_encoder", "spatial_pos_encoder")  # its older and its newer name
        ),
        Row(
            f"{path}/edge_{edge_column}/embedding",
            ("edge_encoder.weight",),
            functools.partial(_edge_types, drop_padding),
            cut=True,
        ),
        Row(f"{path}/kernel", ("edge_encoder.weight", "edge_dis_encoder.weight"), _hops),
        *within(_BLOCK, "block_{}", "layers.{}"),
        *norm("norm", "final_ln"),
        *linear("head/linear_0", "downstream_out_proj"),
        *linear("head/linear_0", "out_proj"),
    )
