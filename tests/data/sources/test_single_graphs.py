"""Sources of one graph each, whose nodes or pairs of nodes are the targets."""

import numpy as np
import pytest

from gtx.data import DatasetError, Label
from gtx.data.sources import Heterophilous, Planetoid, PlanetoidLinks
from tests.configs import shrunk
from tests.data.files import data_folder


@pytest.mark.parametrize(
    ("graph", "nodes", "edges", "parts"),
    [
        ("cora", 2708, 5278, (140, 500, 1000)),
        ("citeseer", 3327, 4552, (120, 500, 1000)),
        ("pubmed", 19717, 44324, (60, 500, 1000)),
    ],
)
def test_citation_graphs_have_the_published_sizes_and_split(graph, nodes, edges, parts):
    dataset = Planetoid(str(data_folder()), graph).load()
    assert len(dataset) == 1 and dataset.num_nodes[0] == nodes and dataset.num_edges[0] == 2 * edges
    codes = dataset.targets.split
    assert tuple(np.bincount(codes[codes >= 0])) == parts
    train = dataset.part("train")
    assert len(set(np.bincount(train.targets.labels))) == 1  # as many of each class
    assert train.nodes["words"] is dataset.nodes["words"]
    sums = dataset.nodes["words"].sum(axis=1)
    np.testing.assert_allclose(sums[sums > 0], 1, rtol=1e-5)
    raw = Planetoid(str(data_folder()), graph, normalize_words=False).load().nodes["words"]
    shares = raw / np.maximum(raw.sum(axis=1, keepdims=True), 1)
    np.testing.assert_allclose(shares, dataset.nodes["words"], rtol=1e-5)
    assert raw.sum(axis=1).max() > 1.5


def test_ten_masks_of_minesweeper_are_ten_splits_of_its_graph():
    root = str(data_folder())
    first = Heterophilous(root).load()
    assert first.num_nodes[0] == 10_000 and first.num_edges[0] == 2 * 39_402
    seen = []
    with np.load(data_folder() / "heterophilous" / "minesweeper.npz") as masks:
        for fold in range(10):
            dataset = Heterophilous(root, fold=fold).load()
            for code, name in enumerate(("train", "val", "test")):
                mask = masks[f"{name}_masks"][fold]
                np.testing.assert_array_equal(dataset.targets.split == code, mask)
            seen.append(dataset.targets.split.tobytes())
    assert len(set(seen)) == 10
    with pytest.raises(DatasetError, match="fold: 10 is not allowed"):
        Heterophilous(root, fold=10)


def test_hidden_links_are_no_edges_and_negatives_no_links(tmp_path):
    shrunk.RECIPES["cora_links"](tmp_path)
    source = PlanetoidLinks(str(tmp_path), valid_share=0.1, test_share=0.2)
    dataset, whole = source.load(), Planetoid(str(tmp_path)).load()
    table = dataset.targets
    links = set(zip(whole.senders.tolist(), whole.receivers.tolist(), strict=True))
    pairs = [tuple(pair) for pair in table.index.tolist()]
    assert len(set(pairs)) == len(pairs) == len(links) == 96
    positive = table.labels[:, 0] == 1
    assert all((pair in links) == known for pair, known in zip(pairs, positive, strict=True))
    assert all(first < second for first, second in pairs)
    edges = set(zip(dataset.senders.tolist(), dataset.receivers.tolist(), strict=True))
    shown = {pair for pair, code in zip(pairs, table.split, strict=True) if code == 0} & links
    assert edges == shown | {(second, first) for first, second in shown}
    for code, count in enumerate((33, 5, 10)):
        assert np.sum(positive & (table.split == code)) == count
        assert np.sum(~positive & (table.split == code)) == count
    again = PlanetoidLinks(str(tmp_path), valid_share=0.1, test_share=0.2, split_seed=1).load()
    assert not np.array_equal(again.targets.index, table.index)
    np.testing.assert_array_equal(source.load().targets.index, table.index)
    with pytest.raises(DatasetError, match="leave a part empty"):
        PlanetoidLinks(str(tmp_path), valid_share=0.001).load()


def test_a_file_that_is_not_there_or_cut_short_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="planetoid/cora.npz"):
        Planetoid(str(tmp_path)).load()
    (tmp_path / "planetoid").mkdir()
    np.savez(tmp_path / "planetoid" / "cora.npz", y=np.zeros(3, np.int8))
    with pytest.raises(DatasetError, match="'edge_index'.* are missing"):
        Planetoid(str(tmp_path)).load()
    (tmp_path / "planetoid" / "cora.npz").write_bytes(b"PK")
    with pytest.raises(DatasetError, match="Fetch the file again"):
        Planetoid(str(tmp_path)).load()
    assert Planetoid(str(tmp_path), "pubmed").label == Label("node", "multiclass", 3)


def test_words_of_chameleon_are_divided_by_their_sum():
    raw, shares = (
        Heterophilous(str(data_folder()), "chameleon_filtered", normalize_words=normalize).load()
        for normalize in (False, True)
    )
    raw_words, words = raw.nodes["x"], shares.nodes["x"]
    assert raw_words.dtype == words.dtype == np.float32 and raw_words.max() == 1
    sums = raw_words.sum(axis=1, keepdims=True)
    assert sums.max() > 1.5
    np.testing.assert_allclose(words * np.maximum(sums, 1), raw_words, rtol=1e-5)


def test_a_drawn_split_of_cora_has_twenty_papers_a_class_and_follows_the_seed():
    draw = dict(root=str(data_folder()), nodes_per_class=20)
    codes = Planetoid(**draw, split_seed=123).load().targets.split
    public = Planetoid(str(data_folder())).load().targets.split
    for split in (codes, Planetoid(**draw, split_seed=5).load().targets.split):
        assert tuple(np.bincount(split[split >= 0])) == (140, 500, 1000)
    assert np.any(codes != public) and np.any(codes != split)
