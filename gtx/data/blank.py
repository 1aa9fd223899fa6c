"""The smallest dataset of a spec, for shapes."""

from collections.abc import Mapping

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.edge_sets import EdgeTable
from gtx.data.spec import Categorical, Column, GraphSpec


def one_node(spec: GraphSpec) -> Dataset:
    """One graph of one node without edges, all features 0. Its targets have no labels."""

    def zeros(columns: Mapping[str, Column], rows: int) -> dict[str, np.ndarray]:
        return {
            name: np.zeros((rows, len(column.sizes)), np.int32)
            if isinstance(column, Categorical)
            else np.zeros((rows, column.dim), np.float32)
            for name, column in columns.items()
        }

    example = Dataset.from_columns(
        node_ptr=[0, 1],
        edge_ptr=[0, 0],
        senders=[],
        receivers=[],
        nodes=zeros(spec.nodes, 1),
        edges=zeros(spec.edges, 0),
        pairs=zeros(spec.pairs, 1),
        graphs=zeros(spec.graphs, 1),
        spec=spec.replace(label=None, edge_sets={}),
    )
    for name, columns in spec.edge_sets.items():
        example = example.with_edge_set(
            name, EdgeTable.from_edges([], [], [], 1, zeros(columns, 0)), columns
        )
    return example
