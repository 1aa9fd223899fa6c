"""From the names and shapes of PyTorch to those of gtx: weights, statistics and gradients.

Every function takes a state dict as numpy arrays (`arrays`) and the prefix of a module in it,
and returns the collections of the gtx module: `{"params": ..., "batch_stats": ...}`. All are
permutations of entries, so they map gradients as well; these have no running statistics, and
`batch_stats` is then empty.

PyTorch keeps a kernel as [out, in], gtx as [in, out].
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
Collections = dict[str, Any]


def arrays(tensors: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[str, np.ndarray]:
    """A copy of a `state_dict()`, or of pairs of names and tensors, as numpy arrays."""
    return {name: tensor.detach().numpy().copy() for name, tensor in dict(tensors).items()}


def linear(state: Arrays, prefix: str) -> Collections:
    """`torch.nn.Linear` to `gtx.nn.Linear`."""
    params = {"kernel": state[f"{prefix}.weight"].T}
    if f"{prefix}.bias" in state:
        params["bias"] = state[f"{prefix}.bias"]
    return {"params": params, "batch_stats": {}}


def embedding(state: Arrays, prefix: str) -> Collections:
    """`torch.nn.Embedding` to `gtx.nn.CategoricalEncoder`."""
    return {"params": {"embedding": state[f"{prefix}.weight"]}, "batch_stats": {}}


def norm(state: Arrays, prefix: str) -> Collections:
    """`torch.nn.BatchNorm1d` or `LayerNorm` to the layer of that name."""
    params = {"scale": state[f"{prefix}.weight"], "bias": state[f"{prefix}.bias"]}
    stats = {}
    if f"{prefix}.running_mean" in state:
        stats = {"mean": state[f"{prefix}.running_mean"], "var": state[f"{prefix}.running_var"]}
    return {"params": params, "batch_stats": stats}


def attention(state: Arrays, prefix: str) -> Collections:
    """`torch.nn.MultiheadAttention` to `gtx.nn.MultiHeadAttention`."""
    joint = {"kernel": state[f"{prefix}.in_proj_weight"].T, "bias": state[f"{prefix}.in_proj_bias"]}
    return _join(
        query_key_value={"params": joint, "batch_stats": {}},
        output=linear(state, f"{prefix}.out_proj"),
    )


def gine(state: Arrays, prefix: str) -> Collections:
    """PyG's `GINEConv(Sequential(Linear, ReLU, Linear))` to `gtx.nn.GINE`."""
    return _join(
        hidden=linear(state, f"{prefix}.nn.0"),
        output=linear(state, f"{prefix}.nn.2"),
    )


def gin(state: Arrays, prefix: str) -> Collections:
    """PyG's `GINConv(Sequential(Linear, ReLU, Linear), train_eps=True)` to `gtx.nn.GIN`."""
    joined = gine(state, prefix)
    joined["params"]["epsilon"] = state[f"{prefix}.eps"].reshape(())
    return joined


def gcn(state: Arrays, prefix: str) -> Collections:
    """PyG's `GCNConv` to `gtx.nn.GCN`."""
    return _add_bias(_join(linear=linear(state, f"{prefix}.lin")), state, prefix)


def graph_sage(state: Arrays, prefix: str) -> Collections:
    """PyG's `SAGEConv` to `gtx.nn.GraphSAGE`."""
    return _join(neighbours=linear(state, f"{prefix}.lin_l"), root=linear(state, f"{prefix}.lin_r"))


def gat(state: Arrays, prefix: str) -> Collections:
    """PyG's `GATConv(edge_dim=...)` to `gtx.nn.GAT`."""
    joined = _add_bias(_join(nodes=linear(state, f"{prefix}.lin")), state, prefix)
    joined["params"] |= {
        "receiver_vector": state[f"{prefix}.att_dst"][0],
        "sender_vector": state[f"{prefix}.att_src"][0],
    }
    if f"{prefix}.att_edge" in state:
        joined["params"] |= {
            "edges": state[f"{prefix}.lin_edge.weight"].T,
            "edge_vector": state[f"{prefix}.att_edge"][0],
        }
    return joined


def gatv2(state: Arrays, prefix: str, *, share_weights: bool = False) -> Collections:
    """PyG's `GATv2Conv` to `gtx.nn.GATv2`."""
    parts = {"senders": linear(state, f"{prefix}.lin_l")}
    if not share_weights:
        parts["receivers"] = linear(state, f"{prefix}.lin_r")
    if f"{prefix}.lin_edge.weight" in state:
        parts["edges"] = linear(state, f"{prefix}.lin_edge")
    joined = _add_bias(_join(**parts), state, prefix)
    joined["params"]["vector"] = state[f"{prefix}.att"][0]
    return joined


def transformer_conv(state: Arrays, prefix: str) -> Collections:
    """PyG's `TransformerConv(edge_dim=...)` to `gtx.nn.TransformerConv`."""
    maps = [linear(state, f"{prefix}.lin_{name}") for name in ("query", "key", "value", "skip")]
    nodes = {
        name: np.concatenate([part["params"][name] for part in maps], axis=-1)
        for name in ("kernel", "bias")
    }
    parts = {"edges": linear(state, f"{prefix}.lin_edge")}
    if f"{prefix}.lin_beta.weight" in state:
        parts["gate"] = linear(state, f"{prefix}.lin_beta")
    return _join(nodes={"params": nodes, "batch_stats": {}}, **parts)


def cross_attention(state: Arrays, prefix: str) -> Collections:
    """`torch.nn.MultiheadAttention` to `gtx.nn.CrossAttention`."""
    joined = attention(state, prefix)
    joint = joined["params"].pop("query_key_value")
    dim = joint["kernel"].shape[0]
    joined["params"] |= {
        "query": {name: values[..., :dim] for name, values in joint.items()},
        "key_value": {name: values[..., dim:] for name, values in joint.items()},
    }
    return joined


def attention_block(state: Arrays, prefix: str) -> Collections:
    """PyG's `MultiheadAttentionBlock` to the Set Transformer's block in gtx."""
    return _join(
        attention=cross_attention(state, f"{prefix}.attn"),
        feed_forward=linear(state, f"{prefix}.lin"),
        norm_attention=norm(state, f"{prefix}.layer_norm1"),
        norm_feed_forward=norm(state, f"{prefix}.layer_norm2"),
    )


def set_attention_block(state: Arrays, prefix: str) -> Collections:
    """PyG's `SetAttentionBlock` to gtx's."""
    return _join(block=attention_block(state, f"{prefix}.mab"))


def isab(state: Arrays, prefix: str) -> Collections:
    """PyG's `InducedSetAttentionBlock` to `gtx.nn.ISAB`."""
    joined = _join(
        gather=attention_block(state, f"{prefix}.mab1"),
        spread=attention_block(state, f"{prefix}.mab2"),
    )
    joined["params"]["points"] = state[f"{prefix}.ind"][0]
    return joined


def pma(state: Arrays, prefix: str) -> Collections:
    """PyG's `PoolingByMultiheadAttention` to `gtx.nn.PMA`."""
    joined = _join(
        linear=linear(state, f"{prefix}.lin"), block=attention_block(state, f"{prefix}.mab")
    )
    joined["params"]["seeds"] = state[f"{prefix}.seed"][0]
    return joined


def res_gated_graph_conv(state: Arrays, prefix: str) -> Collections:
    """PyG's `ResGatedGraphConv(edge_dim=...)` to `gtx.nn.ResGatedGraphConv`.

    PyG's kernels act on [node; edge], gtx's `nodes` and `edges` on either part.
    """
    skip, bias = state[f"{prefix}.lin_skip.weight"], state[f"{prefix}.bias"]
    width = skip.shape[1]
    maps = [f"{prefix}.lin_{name}" for name in ("key", "query", "value")]
    kernels = [state[f"{name}.weight"] for name in maps]
    nodes = np.concatenate([*(kernel[:, :width] for kernel in kernels), skip]).T
    biases = np.concatenate([*(state[f"{name}.bias"] for name in maps), bias])
    edges = np.concatenate([kernel[:, width:] for kernel in kernels]).T
    return {
        "params": {"nodes": {"kernel": nodes, "bias": biases}, "edges": edges},
        "batch_stats": {},
    }


def gps_block(state: Arrays, prefix: str) -> Collections:
    """PyG's `GPSConv(GINEConv)` with batch norms to `gtx.nn.GPSBlock`."""
    return _join(
        local=gine(state, f"{prefix}.conv"),
        attention=attention(state, f"{prefix}.attn"),
        norm_local=norm(state, f"{prefix}.norm1.module"),
        norm_attention=norm(state, f"{prefix}.norm2.module"),
        norm_feed_forward=norm(state, f"{prefix}.norm3.module"),
        feed_forward=_join(
            hidden=linear(state, f"{prefix}.mlp.0"),
            output=linear(state, f"{prefix}.mlp.3"),
        ),
    )


def gps(state: Arrays) -> Collections:
    """`PeerGPS` to `gtx.models.GPS`, with the columns of ZINC."""
    num_layers = len({name.split(".")[1] for name in state if name.startswith("layers.")})
    blocks = {f"block_{i}": gps_block(state, f"layers.{i}") for i in range(num_layers)}
    return _join(
        embed=_join(
            node_type=embedding(state, "node_embedding"),
            node_rwse=_join(norm=norm(state, "walk_norm"), linear=linear(state, "walk_linear")),
            edge_type=embedding(state, "edge_embedding"),
        ),
        **blocks,
        head=_join(**{f"linear_{i}": linear(state, f"head.{2 * i}") for i in range(3)}),
    )


def _join(**parts: Collections) -> Collections:
    """The collections of a module whose submodules have these names."""
    return {
        collection: {name: part[collection] for name, part in parts.items() if part[collection]}
        for collection in ("params", "batch_stats")
    }


def _add_bias(joined: Collections, state: Arrays, prefix: str) -> Collections:
    """With the bias that a layer adds to its result."""
    return {**joined, "params": {**joined["params"], "bias": state[f"{prefix}.bias"]}}
