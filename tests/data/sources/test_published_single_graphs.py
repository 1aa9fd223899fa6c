"""Sources of one large graph read the files that were published: small ones of their form."""

import io
import pickle

import numpy as np
import pytest
from scipy import sparse

from gtx.data import DatasetError
from gtx.data.sources import (
    NELL,
    Amazon,
    Heterophilous,
    Planetoid,
    installing,
)
from gtx.data.sources.published import Statistics
from tests.data.files import data_folder
from tests.data.sources.published import install


def planetoid_files(**changes):
    """Ten papers and two for the test, whose numbers are 13 and 10."""
    rng = np.random.default_rng(0)
    words = (rng.random((14, 5)) < 0.5).astype(np.float32)
    classes = np.eye(3, dtype=np.int32)[np.arange(14) % 3]
    graph = {node: [(node + 1) % 14, node, (node + 1) % 14] for node in range(14)}
    test = [13, 10]
    parts = dict(
        x=sparse.csr_matrix(words[:4]), allx=sparse.csr_matrix(words[:10]),
        tx=sparse.csr_matrix(words[test]), y=classes[:4], ally=classes[:10], ty=classes[test],
        graph=graph,
    )  # fmt: skip
    files = {name: pickle.dumps({**parts, **changes}[name], 2) for name in parts}
    files["test.index"] = changes.get("test", b"13\n10\n")
    return {f"ind.cora.{name}": raw for name, raw in files.items()}, words


def test_pickles_of_planetoid(tmp_path, monkeypatch):
    monkeypatch.setattr("gtx.data.sources.formats.planetoid_raw.NUM_VALID", 3)
    monkeypatch.setattr("gtx.data.sources.planetoid._SIZES", {"cora": Statistics(1, 14, 28)})
    files, words = planetoid_files()
    source = Planetoid(str(tmp_path), "cora")
    install(source, tmp_path, files, monkeypatch)
    dataset = source.load()
    found = dataset.nodes["words"] > 0
    np.testing.assert_array_equal(found[[*range(10), 10, 13]], words[[*range(10), 10, 13]] > 0)
    assert not found[[11, 12]].any()
    labels = [*(np.arange(10) % 3), 1, -1, -1, 1]
    np.testing.assert_array_equal(dataset.targets.labels, labels)
    parts = [0] * 4 + [1] * 3 + [-1] * 3 + [2, -1, -1, 2]
    np.testing.assert_array_equal(dataset.targets.split, parts)
    assert dataset.num_edges[0] == 28 and np.all(dataset.senders != dataset.receivers)


@pytest.mark.parametrize(
    "changes",
    [
        dict(test=b"13\n13\n"), dict(test=b"13\n9\n"), dict(test=b"13\n"), dict(test=b"x\n"),
        dict(graph={0: [99]}), dict(graph=[1]), dict(ty=np.eye(3)), dict(y=[1]), dict(x=np.eye(3)),
    ],
)  # fmt: skip
def test_pickles_of_planetoid_that_do_not_agree_are_refused(changes, tmp_path, monkeypatch):
    monkeypatch.setattr("gtx.data.sources.formats.planetoid_raw.NUM_VALID", 3)
    with pytest.raises(DatasetError, match="^ind.cora"):
        install(Planetoid(str(tmp_path)), tmp_path, planetoid_files(**changes)[0], monkeypatch)


def test_a_graph_of_the_heterophilous_ones_is_installed_as_it_is(tmp_path):
    published = data_folder() / "heterophilous" / "texas.npz"
    source = Heterophilous(str(tmp_path), "texas")
    folder = installing.folder_of(source, tmp_path)
    folder.mkdir(parents=True)
    (folder / "texas.npz").write_bytes(published.read_bytes())
    path = installing.install(source, tmp_path)  # its hash is pinned
    assert path.read_bytes() == published.read_bytes() and source.load().num_edges[0] == 558


def test_nell_has_the_published_sizes_and_degrees():
    dataset = NELL(str(data_folder())).load()
    degrees = np.bincount(dataset.receivers, minlength=65_755)
    np.testing.assert_allclose(dataset.targets.labels[:, 0], np.log2(1 + degrees), rtol=1e-6)
    assert dataset.num_edges[0] == 251_550


def shchur_file(**changes):
    """800 products of eight kinds in turn, on a ring with a loop; its names are objects."""
    count = 800
    ring = sparse.csr_matrix((np.ones(count + 1), ([*range(count), 0], [*range(1, count), 0, 0])))
    words = sparse.csr_matrix(np.eye(count, 5, dtype=np.float32))
    arrays = dict(labels=np.arange(count) % 8, names=np.array(["a", None], object))
    for what, matrix in (("adj", ring), ("attr", words)):
        for part in ("data", "indices", "indptr", "shape"):
            arrays[f"{what}_{part}"] = np.array(getattr(matrix, part))
    raw = io.BytesIO()
    np.savez(raw, **{**arrays, **changes})
    return {"amazon_electronics_photo.npz": raw.getvalue()}


def test_a_file_of_amazon(tmp_path, monkeypatch):
    name = "amazon_electronics_photo.npz"
    monkeypatch.setitem(Amazon.graphs, "photo", (name, 5, 8, 800, 1600))
    source = Amazon(str(tmp_path), graph="photo")
    install(source, tmp_path, shchur_file(), monkeypatch, Statistics(1, 800, 1600))
    dataset = source.load()
    labels, split = dataset.targets.labels, dataset.targets.split
    for code, wanted in ((0, 20), (1, 30), (2, 50)):
        np.testing.assert_array_equal(np.bincount(labels[split == code]), [wanted] * 8)
    np.testing.assert_array_equal(dataset.nodes["x"], np.eye(800, 5))
    other = Amazon(str(tmp_path), split_seed=1, graph="photo").load().targets.split
    assert not np.array_equal(split, other)
    with pytest.raises(DatasetError, match="not valid"):
        bad = shchur_file(adj_indices=np.full(801, 900))
        (tmp_path / source.file).write_bytes(bad["amazon_electronics_photo.npz"])
        source.load()
