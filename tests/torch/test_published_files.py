"""Published files are read as PyTorch Geometric and OGB's own package read them."""

import io
import pickle
import tarfile
import warnings
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
geometric = pytest.importorskip("torch_geometric.datasets", reason="needs torch_geometric")
pytest.importorskip("ogb", reason="needs ogb")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

with warnings.catch_warnings():  # of its imports
    warnings.simplefilter("ignore")
    from ogb.io.read_graph_raw import read_csv_graph_raw

from gtx.data.sources import (  # noqa: E402
    COCOSP,
    QM9,
    MalNetTiny,
    OGBLCollab,
    OGBNArxiv,
    OGBNProducts,
    OGBNProteins,
    PascalVOCSP,
    PCQMContact,
)
from gtx.data.sources.malnet_tiny import CLASSES  # noqa: E402
from tests.data.sources import test_published_long_range as long_range  # noqa: E402
from tests.data.sources import test_published_molecules as molecular  # noqa: E402
from tests.data.sources import test_published_ogb as ogb  # noqa: E402
from tests.data.sources.published import zipped  # noqa: E402


def parsed(source, files, folder):
    """What a source reads of files by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return source.parse({name: folder / name for name in files})


def edges_of(index, *columns):
    """Edges with their columns, in an order that does not depend on that of the files."""
    parts = [np.asarray(index).T, *(np.asarray(column) for column in columns)]
    joined = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
    return joined[np.lexsort(joined.T[::-1])]


def same_edges(dataset, number, index, *columns):
    graph = dataset[number]
    ours = [graph.edges[name] for name in graph.edges][: len(columns)]
    index_of_ours = np.stack([graph.senders, graph.receivers])
    np.testing.assert_array_equal(edges_of(index_of_ours, *ours), edges_of(index, *columns))


# Of each source of OGB: its files, whether the package adds the other direction, and further tables
# of nodes and of edges.
OF_OGB = {
    "arxiv": (OGBNArxiv("x", both_directions=False), ogb.arxiv, False, ["node_year"], []),
    "products": (OGBNProducts("x"), ogb.products, True, [], []),
    "proteins": (OGBNProteins("x"), ogb.proteins, True, ["node_species"], []),
    "collab": (OGBLCollab("x"), ogb.collab, True, [], ["edge_weight", "edge_year"]),
}


@pytest.mark.parametrize("name", OF_OGB)
def test_a_graph_of_ogb(name, tmp_path):
    source, made, inverse, of_nodes, of_edges = OF_OGB[name]
    files = made()
    dataset = parsed(source, files, tmp_path)
    zipfile.ZipFile(io.BytesIO(files[f"{name}.zip"])).extractall(tmp_path)
    (wanted,) = read_csv_graph_raw(str(tmp_path / name / "raw"), inverse, of_nodes, of_edges)
    assert wanted["num_nodes"] == dataset.num_nodes[0]
    columns = [np.concatenate([wanted[each] for each in of_edges], axis=1)] if of_edges else []
    same_edges(dataset, 0, wanted["edge_index"], *columns)
    if wanted["node_feat"] is not None:
        np.testing.assert_array_equal(dataset.nodes["feat"], wanted["node_feat"])
    if name == "proteins":
        # As in the package's examples: the mean over incoming edges, 0 without any.
        for node, mean in enumerate(dataset.nodes["feat"]):
            rows = wanted["edge_feat"][wanted["edge_index"][1] == node]
            np.testing.assert_allclose(mean, rows.mean(axis=0) if len(rows) else 0, rtol=1e-6)


def test_qm9(tmp_path):
    pytest.importorskip("rdkit", reason="PyTorch Geometric reads the raw files by it")
    files = molecular.qm9()
    dataset = parsed(QM9("x"), files, tmp_path / "ours")
    raw = tmp_path / "raw"
    zipfile.ZipFile(io.BytesIO(files["qm9.zip"])).extractall(raw)
    # Their reader leaves out the last two lines of the list.
    (raw / "uncharacterized.txt").write_text(molecular.LIST + "\n")
    theirs = geometric.QM9(str(tmp_path))
    assert len(theirs) == len(dataset) == 2
    numbers = np.array([1, 6, 7, 8, 9])
    for place, graph in enumerate(theirs):
        nodes = dataset[place].nodes
        np.testing.assert_array_equal(numbers[nodes["type"][:, 0]], graph.z)
        np.testing.assert_allclose(nodes["pos"], graph.pos, rtol=1e-6)
        same_edges(dataset, place, graph.edge_index, graph.edge_attr.argmax(dim=1))
        np.testing.assert_allclose(dataset.targets.labels[place], graph.y[0], rtol=2e-6)


def test_malnet_tiny(tmp_path):
    files = long_range.programs()
    dataset = parsed(MalNetTiny("x"), files, tmp_path / "ours")
    raw = tmp_path / "raw"
    with tarfile.open(fileobj=io.BytesIO(files["malnet-graphs-tiny.tar.gz"])) as archive:
        archive.extractall(raw, filter="data")
    (raw / "split_info_tiny" / "type").mkdir(parents=True)
    for part in ("train", "val", "test"):
        (raw / "split_info_tiny" / "type" / f"{part}.txt").write_bytes(files[f"{part}.txt"])
    for code, part in enumerate(("train", "val", "test")):
        (graph,) = geometric.MalNetTiny(str(tmp_path), split=part)
        (place,) = np.flatnonzero(dataset.targets.split == code)
        same_edges(dataset, int(place), graph.edge_index)
        assert graph.num_nodes == dataset.num_nodes[place]
    assert CLASSES == tuple(sorted(CLASSES))  # theirs are numbered as the training list has them


def as_tensors(graphs):
    return [tuple(map(torch.as_tensor, graph)) for graph in graphs]


LONG_RANGE = {
    "pascalvoc-sp": (PascalVOCSP, long_range.voc, "pickle"),
    "coco-sp": (COCOSP, long_range.coco, "pickle"),
    "pcqm-contact": (PCQMContact, long_range.contacts, "pt"),
}


@pytest.mark.parametrize("name", LONG_RANGE)
def test_sets_of_the_long_range_benchmark(name, tmp_path):
    kind, made, ending = LONG_RANGE[name]
    ((file, content),) = made().items()
    raw = tmp_path / name / "raw"
    raw.mkdir(parents=True)
    members = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for inner in archive.namelist():
            # Pickles and files of torch.save with tensors, as the published ones are.
            graphs, path = as_tensors(pickle.loads(archive.read(inner))), raw / inner.split("/")[-1]
            path.write_bytes(pickle.dumps(graphs)) if ending == "pickle" else torch.save(
                graphs, path
            )
            members[inner] = path.read_bytes()
    dataset = parsed(kind("x"), {file: zipped(members)}, tmp_path / "ours")
    theirs = [
        (code, graph)
        for code, part in enumerate(("train", "val", "test"))
        for graph in geometric.LRGBDataset(str(tmp_path), name, split=part)
    ]
    assert len(theirs) == len(dataset)
    for place, (code, graph) in enumerate(theirs):
        one = dataset.select([place])
        ((_, nodes),) = one.nodes.items()
        np.testing.assert_array_equal(nodes, graph.x)
        same_edges(dataset, place, graph.edge_index, graph.edge_attr)
        if ending == "pickle":
            np.testing.assert_array_equal(one.targets.labels, graph.y)
        else:
            np.testing.assert_array_equal(one.targets.index.T, graph.edge_label_index)
            np.testing.assert_array_equal(one.targets.labels[:, 0], graph.edge_label)
        assert set(one.targets.split) == {code}
