"""CLRS-30: what algorithms of a textbook return, from its samplers (Veličković et al. 2022)."""

import dataclasses
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.sources.base import DataSource
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Seed, Whole

Algorithm = Literal[
    "activity_selector", "articulation_points", "bellman_ford", "bfs", "binary_search", "bridges",
    "bubble_sort", "dag_shortest_paths", "dfs", "dijkstra", "find_maximum_subarray_kadane",
    "graham_scan", "heapsort", "insertion_sort", "jarvis_march", "kmp_matcher", "minimum",
    "mst_kruskal", "mst_prim", "naive_string_matcher", "quickselect", "quicksort",
    "segments_intersect", "strongly_connected_components", "task_scheduling", "topological_sort",
]  # fmt: skip
# Node inputs beside "pos" and their widths; "*" are the edge inputs "A" and "adj".
_INPUTS: dict[str, tuple[str, ...]] = {
    "activity_selector": ("s", "f"),
    "articulation_points": ("*",),
    "bellman_ford": ("s", "*"),
    "bfs": ("s", "*"),
    "binary_search": ("key", "target"),
    "bridges": ("*",),
    "dag_shortest_paths": ("s", "*"),
    "dfs": ("*",),
    "dijkstra": ("s", "*"),
    "graham_scan": ("x", "y"),
    "jarvis_march": ("x", "y"),
    "kmp_matcher": ("string", "key"),
    "mst_kruskal": ("*",),
    "mst_prim": ("s", "*"),
    "naive_string_matcher": ("string", "key"),
    "segments_intersect": ("x", "y"),
    "strongly_connected_components": ("*",),
    "task_scheduling": ("d", "w"),
    "topological_sort": ("*",),
}
_TEXT = ("kmp_matcher", "naive_string_matcher")  # whose "key" is one of four letters
# What is predicted, if it is not a pointer of each node.
_OF_NODES: dict[str, tuple[str, ...]] = {
    "activity_selector": ("selected",),
    "articulation_points": ("is_cut",),
    "binary_search": ("return",),
    "find_maximum_subarray_kadane": ("start", "end"),
    "graham_scan": ("in_hull",),
    "jarvis_march": ("in_hull",),
    "kmp_matcher": ("match",),
    "minimum": ("min",),
    "naive_string_matcher": ("match",),
    "quickselect": ("median",),
    "task_scheduling": ("selected",),
}
_OF_EDGES = {"bridges": "is_bridge", "mst_kruskal": "in_mst"}
_POINTERS = {
    "bubble_sort": "pred", "heapsort": "pred", "insertion_sort": "pred", "quicksort": "pred",
    "strongly_connected_components": "scc_id", "topological_sort": "topo",
}  # fmt: skip
Number = Annotated[int, Whole(1, 2**20)]


@dataclasses.dataclass(frozen=True)
class CLRS(DataSource):
    """26 of the 30 algorithms, as complete graphs with self-loops: from an input to its output.

    The samplers of `dm-clrs` draw and solve them; it is imported when graphs are loaded. Each input
    of nodes is a column of its name, and so is each of edges ("A", "adj"); the edge from i to j has
    entry [i, j]. The input "target" of binary_search stands at every node. Letters are one-hot.

    A label is 0 or 1: of each node ("mask" and "mask_one" outputs; two columns where there are
    two), of the graph (segments_intersect), or of each edge. A pointer of node i to node j is a
    label 1 of the edge from i to j, and 0 of all others from i. The head of topological_sort points
    to itself and is not predicted apart. Pairs of nodes that bridges does not score have no label.

    Not here: hints, which are the steps in between; floyd_warshall, matrix_chain_order and
    optimal_bst, whose edges point at nodes, and lcs_length, whose edges have classes. Scores of the
    benchmark are of the pointers that a model would choose; those here are of each label. The
    benchmark also trains on shorter inputs, and tests some algorithms on more than 32.

    Attributes:
      algorithm: the name in CLRS-30.
      nodes: length of training and validation inputs.
      test_nodes: length of test inputs.
      train_count, valid_count, test_count: numbers of inputs.
      split_seed: seed of the samplers, one for each part.
    """

    algorithm: Algorithm = "bfs"
    nodes: Annotated[int, Whole(4, 2**12)] = 16
    test_nodes: Annotated[int, Whole(4, 2**12)] = 64
    train_count: Number = 1_000
    valid_count: Number = 32
    test_count: Number = 32
    split_seed: Seed = 0

    splits: ClassVar[tuple[str, ...]] = ("given",)
    needs: ClassVar[str] = "the extra `clrs`, which brings TensorFlow"

    @property
    def label(self) -> Label:
        if self.algorithm == "segments_intersect":
            return Label("graph", "binary", 1, ("intersect",))
        names = _OF_NODES.get(self.algorithm)
        if names:
            return Label("node", "binary" if len(names) == 1 else "multilabel", len(names), names)
        return Label("edge", "binary", 1, (self.output,))

    @property
    def output(self) -> str:
        """The output that becomes labels of edges."""
        return _OF_EDGES.get(self.algorithm) or _POINTERS.get(self.algorithm, "pi")

    def declared_spec(self) -> GraphSpec:
        inputs = _INPUTS.get(self.algorithm, ("key",))
        width = {"key": 4} if self.algorithm in _TEXT else {}
        nodes = ["pos", *(name for name in inputs if name != "*")]
        edges = ["A", "adj"] if "*" in inputs else []
        return GraphSpec(
            nodes={name: Continuous(width.get(name, 1)) for name in nodes},
            edges={name: Continuous(1) for name in edges},
            label=self.label,
        )

    def load(self) -> Dataset:
        try:
            import clrs
        except ImportError as error:
            raise ImportError(
                'CLRS-30 needs its samplers: pip install "gtx-jax[clrs]".', name=error.name
            ) from error
        spec, columns, labels, sizes = self.declared_spec(), [], [], []
        counts = (self.train_count, self.valid_count, self.test_count)
        for part, count in enumerate(counts):
            length = self.test_nodes if part == 2 else self.nodes
            seed = int(np.random.default_rng((self.split_seed, part)).integers(2**31))
            sampler, _ = clrs.build_sampler(
                self.algorithm, seed=seed, num_samples=count, length=length
            )
            feedback = sampler.next()
            given = {point.name: np.asarray(point.data) for point in feedback.features.inputs}
            wanted = {point.name: np.asarray(point.data) for point in feedback.outputs}
            nodes = given["pos"].shape[1]
            of_nodes = {name: node_rows(given[name], nodes) for name in spec.nodes}
            of_edges = {name: edge_rows(given[name]) for name in spec.edges}
            columns.append(of_nodes | of_edges)
            labels.append(self._labels(wanted, nodes))
            sizes += [nodes] * count
        size = np.array(sizes)
        edge_ptr = np.concatenate([[0], np.cumsum(size**2)])
        within = np.arange(edge_ptr[-1]) - np.repeat(edge_ptr[:-1], size**2)
        receivers, senders = np.divmod(within, np.repeat(size, size**2))

        def joined(names: Any) -> dict[str, np.ndarray]:
            return {name: np.concatenate([each[name] for each in columns]) for name in names}

        return Dataset.from_columns(
            nodes=joined(spec.nodes),
            edges=joined(spec.edges),
            node_ptr=np.concatenate([[0], np.cumsum(size)]),
            edge_ptr=edge_ptr,
            senders=senders,
            receivers=receivers,
            labels=np.concatenate(labels),
            split=np.repeat([0, 1, 2], counts),
            spec=spec,
        )

    def _labels(self, wanted: dict[str, np.ndarray], nodes: int) -> np.ndarray:
        """float32 [rows, dim]; edges by receiver, then sender."""
        label = self.label
        if label.level == "graph":
            return wanted["intersect"].reshape(-1, 1).astype(np.float32)
        if label.level == "node":
            found = np.stack([wanted[name] for name in label.names], axis=-1)
            return found.reshape(-1, label.dim).astype(np.float32)
        found = wanted[self.output]
        if self.algorithm not in _OF_EDGES:  # [graphs, nodes], the node that each points to
            found = found[:, :, None] == np.arange(nodes)
        found = edge_rows(found)
        return np.where(found < 0, np.float32(np.nan), found)  # -1 marks what is not scored


def node_rows(values: np.ndarray, nodes: int) -> np.ndarray:
    """An input as a column, float32 [rows, dim]; one of a graph stands at each of its nodes."""
    if values.ndim == 1:
        values = np.repeat(values[:, None], nodes, axis=1)
    return values.reshape(len(values) * nodes, -1).astype(np.float32)


def edge_rows(values: np.ndarray) -> np.ndarray:
    """[graphs, from, to] as a column by receiver, then sender, float32 [rows, 1]."""
    return np.swapaxes(values, 1, 2).reshape(-1, 1).astype(np.float32)
