"""Every way in which graphs from outside become a Dataset, written from one description."""

import csv
import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from gtx.data import Dataset, convert, packed
from gtx.data.sources import Tables
from gtx.data.sources.formats import ogb_csv, tu_text
from gtx.data.spec import Categorical, Continuous, GraphSpec, Label
from gtx.graphs import GraphsTuple
from tests.data.convert import test_dgl, test_pyg
from tests.data.sources.published import gz, zipped


@dataclasses.dataclass(frozen=True)
class Given:
    """One graph: directed edges, a number for each node (x) and for each edge (w), and a label."""

    num_nodes: int
    senders: object = ()
    receivers: object = ()
    x: object = None
    w: object = None
    y: float = 0.5

    def arrays(self):
        """Senders, receivers, x, w."""
        ends = [np.asarray(end) for end in (self.senders, self.receivers)]
        ends = [end.astype(np.int64) if not end.size else end for end in ends]
        x = np.arange(self.num_nodes) / 8 if self.x is None else np.asarray(self.x)
        w = np.arange(len(ends[0])) / 4 + 1 if self.w is None else np.asarray(self.w)
        return *ends, x, w


def _joined(graphs):
    found = [graph.arrays() for graph in graphs]
    return [np.concatenate([each[place] for each in found]) for place in range(4)]


def _sizes(graphs):
    return [graph.num_nodes for graph in graphs], [len(graph.arrays()[0]) for graph in graphs]


def _labels(graphs):
    return np.array([[graph.y] for graph in graphs], np.float64)


def from_jraph(graphs, folder):
    tuples = []
    for graph in graphs:
        senders, receivers, x, w = graph.arrays()
        tuples.append(
            GraphsTuple(
                nodes=dict(x=x), edges=dict(w=w), globals=dict(y=np.array([[graph.y]])),
                senders=senders, receivers=receivers,
                n_node=np.array([graph.num_nodes]), n_edge=np.array([len(senders)]),
            )
        )  # fmt: skip
    return convert.from_jraph(tuples, target="y", padded=False)


def from_networkx(graphs, folder):
    import networkx

    found = []
    for graph in graphs:
        senders, receivers, x, w = graph.arrays()
        pairs = list(zip(senders.tolist(), receivers.tolist(), strict=True))
        one = networkx.MultiDiGraph() if len(set(pairs)) < len(pairs) else networkx.DiGraph()
        one.graph["y"] = graph.y
        one.add_nodes_from((node, dict(x=value)) for node, value in enumerate(x.tolist()))
        one.add_edges_from((*pair, dict(w=value)) for pair, value in zip(pairs, w, strict=True))
        found.append(one)
    return convert.from_networkx(found, target="y")


def from_scipy(graphs, folder):
    from scipy import sparse

    found, nodes = [], []
    for graph in graphs:
        senders, receivers, x, w = graph.arrays()
        shape = (graph.num_nodes,) * 2
        found.append(sparse.coo_array((w, (senders, receivers)), shape=shape))
        nodes.append(dict(x=x))
    return convert.from_scipy(found, nodes=nodes, labels=_labels(graphs), weight="w")


def from_pyg(graphs, folder):
    found = []
    for graph in graphs:
        senders, receivers, x, w = graph.arrays()
        found.append(
            test_pyg.Data(
                x=x, edge_index=np.stack([senders, receivers]), w=w, y=np.array([[graph.y]]),
                num_nodes=graph.num_nodes,
            )
        )  # fmt: skip
    return convert.from_pyg(found, edges=["w"])


def from_dgl(graphs, folder):
    found = []
    for graph in graphs:
        senders, receivers, x, w = graph.arrays()
        found.append(test_dgl.Graph(graph.num_nodes, senders, receivers, dict(x=x), dict(w=w)))
    return convert.from_dgl(found, _labels(graphs))


def from_npz(graphs, folder):
    """A packed file of another program."""
    senders, receivers, x, w = _joined(graphs)
    nodes, edges = _sizes(graphs)
    np.savez(
        folder / "packed.npz",
        node_ptr=np.cumsum([0, *nodes]), edge_ptr=np.cumsum([0, *edges]),
        edge_index=np.stack([senders, receivers]), node_attr=x, edge_attr=w, y=_labels(graphs),
    )  # fmt: skip
    return packed.load(folder / "packed.npz", label=Label("graph", "regression", 1))


def _rows(graphs):
    tables = dict(
        graphs=[["graph", "y"]], nodes=[["graph", "node", "x"]],
        edges=[["graph", "sender", "receiver", "w"]],
    )  # fmt: skip
    for number, graph in enumerate(graphs):
        senders, receivers, x, w = graph.arrays()
        tables["graphs"].append([number, graph.y])
        tables["nodes"] += [[number, node, value] for node, value in enumerate(x.tolist())]
        ends = zip(senders.tolist(), receivers.tolist(), w.tolist(), strict=True)
        tables["edges"] += [[number, *row] for row in ends]
    return tables


def _tables(folder):
    return Tables(str(folder), "y", directed=True).load()


def from_csv(graphs, folder):
    for name, rows in _rows(graphs).items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return _tables(folder)


def from_parquet(graphs, folder):
    pyarrow = pytest.importorskip("pyarrow", reason="needs the extra `parquet`")
    from pyarrow import parquet

    for name, (head, *rows) in _rows(graphs).items():
        columns = {key: [row[place] for row in rows] for place, key in enumerate(head)}
        parquet.write_table(pyarrow.table(columns), folder / f"{name}.parquet")
    return _tables(folder)


def _text(rows):
    return "".join(",".join(map(str, np.atleast_1d(row).tolist())) + "\n" for row in rows)


def from_tu(graphs, folder):
    """A zip of TUDataset, whose edges are undirected and without features."""
    senders, receivers, x, _ = _joined(graphs)
    nodes, edges = _sizes(graphs)
    start = np.repeat(np.cumsum([0, *nodes])[:-1], edges)
    ends = np.stack([senders, receivers], axis=1) + start[:, None] + 1
    members = dict(
        A=_text(ends), graph_indicator=_text(np.repeat(np.arange(len(graphs)) + 1, nodes)),
        graph_labels=_text([int(graph.y > 0.5) for graph in graphs]), node_attributes=_text(x),
    )  # fmt: skip
    path = folder / "SET.zip"
    path.write_bytes(zipped({f"SET/SET_{key}.txt": text for key, text in members.items()}))
    spec = GraphSpec(
        nodes=dict(type=Categorical((1,)), feat=Continuous(1)),
        label=Label("graph", "multiclass", 2),
    )
    return tu_text.read(path, "SET", spec)


def from_ogb(graphs, folder):
    """A zip of OGB, whose edges are undirected and published once, with categories."""
    senders, receivers, x, w = _joined(graphs)
    nodes, edges = _sizes(graphs)
    members = {
        "num-node-list": _text(nodes), "num-edge-list": _text(edges),
        "edge": _text(np.stack([senders, receivers], axis=1)),
        "node-feat": _text((np.asarray(x) * 8).astype(np.int64)),
        "edge-feat": _text((np.asarray(w) * 4).astype(np.int64)),
        "graph-label": _text(_labels(graphs)),
    }  # fmt: skip
    files = {f"set/raw/{name}.csv.gz": gz(text) for name, text in members.items()}
    for part in ("train", "valid", "test"):
        own = range(len(graphs)) if part == "train" else []
        files[f"set/split/own/{part}.csv.gz"] = gz(_text(own))
    path = folder / "ogb.zip"
    path.write_bytes(zipped(files))
    spec = GraphSpec(
        nodes=dict(x=Categorical((10**6,))), edges=dict(w=Categorical((10**6,))),
        label=Label("graph", "regression", 1),
    )  # fmt: skip
    return ogb_csv.read_graphs(path, spec, "own")


def from_graph6(graphs, folder):
    """Lines of graph6, whose edges are undirected, without parallel edges and features."""
    both = []
    for graph in graphs:
        senders, receivers, *_ = graph.arrays()
        ends = {(a, b) for a, b in zip(senders, receivers, strict=True) if a != b}
        pairs = sorted(ends | {(b, a) for a, b in ends})
        both.append((graph.num_nodes, np.array(pairs, np.int64).reshape(-1, 2)))
    plain = Dataset.from_columns(
        node_ptr=np.cumsum([0, *(count for count, _ in both)]),
        edge_ptr=np.cumsum([0, *(len(pairs) for _, pairs in both)]),
        senders=np.concatenate([pairs[:, 0] for _, pairs in both]),
        receivers=np.concatenate([pairs[:, 1] for _, pairs in both]),
    )
    (folder / "graphs.g6").write_text("\n".join(convert.to_graph6(plain)))
    return convert.from_graph6(folder / "graphs.g6", _labels(graphs))


LOADERS: dict[str, Callable] = dict(
    jraph=from_jraph, networkx=from_networkx, scipy=from_scipy, pyg=from_pyg, dgl=from_dgl,
    npz=from_npz, csv=from_csv, parquet=from_parquet, tu=from_tu, ogb=from_ogb, graph6=from_graph6,
)  # fmt: skip
# Those in whose files an edge has no direction.
UNDIRECTED = ("tu", "ogb", "graph6")
