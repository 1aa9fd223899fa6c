"""The same model in PyTorch Geometric, for parity tests and benchmarks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch_geometric
from torch import nn
from torch_geometric.nn import GINEConv, GPSConv, global_add_pool


class PeerGPS(nn.Module):
    """GraphGPS on ZINC as PyG's own example builds it: GPSConv(GINEConv), RWSE, sum pooling."""

    def __init__(
        self,
        *,
        dim: int = 64,
        num_layers: int = 10,
        num_heads: int = 4,
        walk_length: int = 20,
        encoding_dim: int = 28,
        num_node_types: int = 28,
        num_edge_types: int = 4,
        attention_dropout_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.node_embedding = nn.Embedding(num_node_types, dim - encoding_dim)
        self.edge_embedding = nn.Embedding(num_edge_types, dim)
        self.walk_norm = nn.BatchNorm1d(walk_length)
        self.walk_linear = nn.Linear(walk_length, encoding_dim)
        self.layers = nn.ModuleList(
            GPSConv(
                dim,
                GINEConv(nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim))),
                heads=num_heads,
                attn_kwargs={"dropout": attention_dropout_rate},
            )
            for _ in range(num_layers)
        )
        self.head = nn.Sequential(
            nn.Linear(dim, dim // 2),
            nn.ReLU(),
            nn.Linear(dim // 2, dim // 4),
            nn.ReLU(),
            nn.Linear(dim // 4, 1),
        )

    def forward(self, data: Any) -> torch.Tensor:
        walks = self.walk_linear(self.walk_norm(data.rwse))
        nodes = torch.cat([self.node_embedding(data.type), walks], dim=-1)
        edges = self.edge_embedding(data.edge_type)
        for layer in self.layers:
            nodes = layer(nodes, data.edge_index, data.batch, edge_attr=edges)
        return self.head(global_add_pool(nodes, data.batch)).squeeze(-1)


def peer_batch(dataset: Any, indices: Sequence[int], *, dtype: torch.dtype = torch.float32) -> Any:
    """The graphs `indices` of a `gtx.data.Dataset` as one PyG batch."""
    graphs = []
    for index in indices:
        nodes = slice(dataset.node_ptr[index], dataset.node_ptr[index + 1])
        edges = slice(dataset.edge_ptr[index], dataset.edge_ptr[index + 1])
        graphs.append(
            torch_geometric.data.Data(
                type=torch.from_numpy(_column(dataset.nodes["type"][nodes])),
                rwse=torch.from_numpy(np.asarray(dataset.nodes["rwse"][nodes])).to(dtype),
                edge_type=torch.from_numpy(_column(dataset.edges["type"][edges])),
                edge_index=torch.from_numpy(
                    np.stack([dataset.senders[edges], dataset.receivers[edges]]).astype(np.int64)
                ),
                y=torch.from_numpy(np.asarray(dataset.targets.labels[index])).to(dtype).reshape(1),
                num_nodes=int(dataset.node_ptr[index + 1] - dataset.node_ptr[index]),
            )
        )
    return torch_geometric.data.Batch.from_data_list(graphs)


def _column(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values.reshape(len(values)).astype(np.int64))
