"""The tables of `gtx.interop.torch` for gradients as well, and for a part of a state dict.

Every function takes a state dict as numpy arrays (`arrays`) and the prefix of a module in it,
and returns the collections of the gtx module: `{"params": ..., "batch_stats": ...}`. All are
permutations of entries, so they map gradients as well; these have no running statistics, and
`batch_stats` is then empty. `gtx.interop.torch.convert` also checks that nothing is left over.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from flax import traverse_util

from gtx.interop import torch as interop

Arrays = Mapping[str, np.ndarray]
Collections = dict[str, Any]
TABLES = interop.TABLES


def arrays(tensors: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> dict[str, np.ndarray]:
    """A copy of a `state_dict()`, or of pairs of names and tensors, as numpy arrays."""
    return interop.read(dict(tensors))


def translated(table: interop.Table, state: Arrays, without: str = "") -> Collections:
    """What the rows of a table make whose arrays are there, but for parameters named `without`."""
    flat: Collections = {"params": {}, "batch_stats": {}}
    for row in interop.numbered(table, state):
        if not isinstance(row, interop.Row) or not all(name in state for name in row.names):
            continue
        path = tuple(row.to.split("/"))
        if without not in path:
            flat[row.collection].setdefault(path, row.make(*(state[name] for name in row.names)))
    return {name: traverse_util.unflatten_dict(leaves) for name, leaves in flat.items()}


def _of(table: interop.Table, without: str = "") -> Callable[[Arrays, str], Collections]:
    def convert(state: Arrays, prefix: str) -> Collections:
        return translated(interop.within(table, name=prefix), state, without)

    return convert


linear = _of(interop.linear())
embedding = _of(interop.embedding())
norm = _of(interop.norm())
attention = _of(TABLES["multihead_attention"])
gine = _of(TABLES["gine_conv"], without="epsilon")
gin = _of(TABLES["gin_conv"])
gcn = _of(TABLES["gcn_conv"])
graph_sage = _of(TABLES["sage_conv"])
gat = _of(TABLES["gat_conv"])
transformer_conv = _of(TABLES["transformer_conv"])
set_attention_block = _of(TABLES["set_attention_block"])
isab = _of(TABLES["induced_set_attention_block"])
pma = _of(TABLES["pooling_by_multihead_attention"])
res_gated_graph_conv = _of(TABLES["res_gated_graph_conv"])
gps_block = _of(interop.gps_conv(), without="epsilon")


def gatv2(state: Arrays, prefix: str, *, share_weights: bool = False) -> Collections:
    """PyG's `GATv2Conv`, which keeps a shared map under two names."""
    return _of(TABLES["gatv2_conv"], without="receivers" if share_weights else "")(state, prefix)


def pna(state: Arrays, prefix: str) -> Collections:
    """PyG's `PNAConv(edge_dim=...)` to `gtx.nn.PNA`, one map for each input of a message."""
    towers = range(len({name for name in state if name.startswith(f"{prefix}.pre_nns.")}) // 2)
    message, update = (
        {
            name: np.stack([state[f"{prefix}.{part}.{tower}.0.{name}"] for tower in towers])
            for name in ("weight", "bias")
        }
        for part in ("pre_nns", "post_nns")
    )
    parts = {"output": linear(state, f"{prefix}.lin")}
    kernels = message["weight"].transpose(0, 2, 1)
    names = ["receivers", "senders"]
    if f"{prefix}.edge_encoder.weight" in state:
        parts["edges"] = linear(state, f"{prefix}.edge_encoder")
        names.append("messages")
    joined = _join(**parts)
    joined["params"] |= dict(zip(names, np.split(kernels, len(names), axis=1), strict=True))
    joined["params"] |= {
        "receivers_bias": message["bias"],
        "update": update["weight"].transpose(0, 2, 1),
        "update_bias": update["bias"],
    }
    return joined


def gen(state: Arrays, prefix: str) -> Collections:
    """PyG's `GENConv` with batch norm to `gtx.nn.GEN`."""
    parts = {"hidden": "mlp.0", "output": "mlp.4"}
    maps = {"senders": "lin_src", "receivers": "lin_dst", "edges": "lin_edge"}
    parts |= {mine: its for mine, its in maps.items() if f"{prefix}.{its}.weight" in state}
    joined = _join(
        **{mine: linear(state, f"{prefix}.{its}") for mine, its in parts.items()},
        norm=norm(state, f"{prefix}.mlp.1"),
    )
    for name in ("t", "p"):
        if f"{prefix}.aggr_module.{name}" in state:
            joined["params"]["beta"] = state[f"{prefix}.aggr_module.{name}"].reshape(())
    return joined


def _join(**parts: Collections) -> Collections:
    """The collections of a module whose submodules have these names."""
    return {
        collection: {name: part[collection] for name, part in parts.items() if part[collection]}
        for collection in ("params", "batch_stats")
    }


# `PeerGPS` to `gtx.models.GPS`, with the columns of ZINC.
PEER_GPS: interop.Table = (
    *interop.embedding("embed/node_type", "node_embedding"),
    *interop.norm("embed/node_rwse/norm", "walk_norm"),
    *interop.linear("embed/node_rwse/linear", "walk_linear"),
    *interop.embedding("embed/edge_type", "edge_embedding"),
    *interop.within(interop.gps_conv(), "block_{}", "layers.{}"),
    *(row for i in range(3) for row in interop.linear(f"head/linear_{i}", f"head.{2 * i}")),
)


def gps(state: Arrays) -> Collections:
    """`PeerGPS` to `gtx.models.GPS`."""
    return translated(PEER_GPS, state, without="epsilon")
