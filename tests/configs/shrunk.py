"""Every recipe, shrunk to a few small graphs, with data made on the spot where it has files."""

import csv
import importlib
import pathlib
from collections.abc import Callable

import numpy as np
from ml_collections import ConfigDict

from gtx.data import Dataset, GraphSpec, Label, packed
from gtx.data.sources import peptides_func
from gtx.data.sources.planetoid import NUM_CLASSES
from gtx.data.spec import Categorical
from tests.drawn import drawn

ALCOHOLS = tuple("C" * length + "O" for length in range(1, 13))


def shrink(config: ConfigDict) -> ConfigDict:
    """A narrow model for one epoch; compiles in seconds."""
    sizes = dict(dim=16, num_layers=1, num_heads=2, encoding_dim=4)
    config.model.update({name: size for name, size in sizes.items() if name in config.model})
    config.batch.size = 4
    config.batch.num_tiers = 1
    config.training.num_epochs = 1
    config.baseline = False
    return config


def random_graphs(
    num_graphs: int,
    node_sizes: tuple[int, ...],
    edge_sizes: tuple[int, ...],
    label: Label,
    lengths: tuple[int, int] = (3, 7),
    nodes: str = "atom",
    edges: str = "bond",
) -> Dataset:
    """Rings with random types: small graphs in the form of a packed source.

    The columns of nodes and edges have the names `nodes` and `edges`.
    """
    rng = np.random.default_rng(0)
    n_node = rng.integers(*lengths, num_graphs)
    node_ptr = np.concatenate([[0], np.cumsum(n_node)])
    edge_ptr = np.concatenate([[0], np.cumsum(2 * n_node)])
    rings = [(np.arange(n), (np.arange(n) + 1) % n) for n in n_node]
    senders = np.concatenate([np.concatenate([a, b]) for a, b in rings])
    receivers = np.concatenate([np.concatenate([b, a]) for a, b in rings])
    labels = rng.normal(size=(num_graphs, label.dim))
    if label.kind == "multilabel":
        labels = (labels > 0).astype(np.float32)
        labels[:2], labels[2:4] = 0, 1
    split = np.resize([0, 0, 0, 1, 2], num_graphs)
    return Dataset.from_columns(
        node_ptr=node_ptr,
        edge_ptr=edge_ptr,
        senders=senders,
        receivers=receivers,
        nodes={nodes: rng.integers(0, node_sizes, (node_ptr[-1], len(node_sizes)))},
        edges={edges: rng.integers(0, edge_sizes, (edge_ptr[-1], len(edge_sizes)))},
        labels=labels,
        split=split,
        spec=GraphSpec(
            nodes={nodes: Categorical(node_sizes)},
            edges={edges: Categorical(edge_sizes)},
            label=label,
        ),
    )


def write_csv(path: pathlib.Path) -> pathlib.Path:
    """Alcohols with a label that is their length; one label is missing, one row is no molecule."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", "logS"])
        for length, smiles in enumerate(ALCOHOLS):
            writer.writerow([smiles, "" if length == 3 else -0.5 * length])
        writer.writerow(["not a molecule", "1.0"])
    return path


def _smoke(folder: pathlib.Path) -> ConfigDict:
    return shrink(importlib.import_module("configs.smoke").get_config())


def _sbm_nodes(folder: pathlib.Path) -> ConfigDict:
    config = shrink(importlib.import_module("configs.sbm_nodes").get_config())
    config.data.num_graphs, config.data.min_size, config.data.max_size = 12, 2, 4
    return config


def _large_graph_sage(folder: pathlib.Path) -> ConfigDict:
    config = shrink(importlib.import_module("configs.large_graph_sage").get_config())
    config.data.num_nodes, config.data.num_edges = 120, 400
    return config


def _solubility_gps(folder: pathlib.Path) -> ConfigDict:
    config = shrink(importlib.import_module("configs.solubility_gps").get_config())
    config.data.name = "csv"  # the real molecules have a test of their own
    config.data.update(ConfigDict(_csv_fields(folder)))
    return config


def _csv_molecules(folder: pathlib.Path) -> ConfigDict:
    config = shrink(importlib.import_module("configs.csv_molecules").get_config())
    config.data.update(ConfigDict(_csv_fields(folder)))
    return config


def _csv_molecules_pretrained(folder: pathlib.Path) -> ConfigDict:
    config = shrink(importlib.import_module("configs.csv_molecules_pretrained").get_config())
    config.init_from = ""  # its model is larger
    config.data.update(ConfigDict(_csv_fields(folder)))
    return config


def _csv_fields(folder: pathlib.Path) -> dict:
    path = write_csv(folder / "molecules.csv")
    return dict(
        path=str(path), smiles="smiles", target="logS", kind="regression",
        split="random", valid_fraction=0.2, test_fraction=0.2,
    )  # fmt: skip


def _csl_gps(folder: pathlib.Path) -> ConfigDict:
    return shrink(importlib.import_module("configs.csl_gps").get_config())


def _zinc(folder: pathlib.Path, name: str) -> ConfigDict:
    label = Label("graph", "regression", 1, ("penalised logP",))
    (folder / "zinc12k").mkdir()
    types = dict(nodes={"type": Categorical((28,))}, edges={"type": Categorical((4,))})
    graphs = drawn(GraphSpec(**types, label=label), num_graphs=20)
    packed.save(graphs, folder / "zinc12k" / "zinc12k.npz")
    config = shrink(importlib.import_module(f"configs.{name}").get_config())
    config.data.root = str(folder)
    return config


def _zinc_gps(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_gps")


def _zinc_esa(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_esa")


def _zinc_gdt(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_gdt")


def _zinc_ppgt(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_ppgt")


def _zinc_gps_siggate(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_gps_siggate")


def _zinc_graphormer(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_graphormer")


def _zinc_gt(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_gt")


def _zinc_exphormer(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_exphormer")


def _zinc_san(folder: pathlib.Path) -> ConfigDict:
    return _zinc(folder, "zinc_san")


def _zinc_encodings(folder: pathlib.Path) -> ConfigDict:
    config = _zinc(folder, "zinc_encodings")
    config.encodings_used = "all"
    return config


def _peptides_func_gps(folder: pathlib.Path) -> ConfigDict:
    return _peptides_func(folder, "peptides_func_gps")


def _peptides_func_exphormer(folder: pathlib.Path) -> ConfigDict:
    return _peptides_func(folder, "peptides_func_exphormer")


def _peptides_func(folder: pathlib.Path, name: str) -> ConfigDict:
    label = Label("graph", "multilabel", 10)
    (folder / "peptides_func").mkdir()
    graphs = random_graphs(20, peptides_func.ATOM_SIZES, (5, 6, 2), label)
    packed.save(graphs, folder / "peptides_func" / "peptides_func.npz")
    config = shrink(importlib.import_module(f"configs.{name}").get_config())
    config.data.root = str(folder)
    return config


def _citations(folder: pathlib.Path, name: str) -> ConfigDict:
    """Cora in the small, or another: a ring of 24 papers with chords, a few topics."""
    graph = importlib.import_module(f"configs.{name}").get_config().data.graph
    (folder / "planetoid").mkdir()
    rng, count = np.random.default_rng(0), 24
    ahead = [(np.arange(count) + step) % count for step in (1, 5)]
    ends = np.stack([np.tile(np.arange(count), 2), np.concatenate(ahead)])
    words = [np.sort(rng.permutation(9)[: 1 + paper % 4]) for paper in range(count)]
    np.savez(
        folder / "planetoid" / f"{graph}.npz",
        edge_index=np.concatenate([ends, ends[::-1]], axis=1).astype(np.int32),
        y=(np.arange(count) % NUM_CLASSES[graph]).astype(np.int8),
        train_idx=np.arange(7), val_idx=np.arange(7, 14), test_idx=np.arange(14, 20),
        x_data=np.ones(sum(map(len, words)), np.float32), x_indices=np.concatenate(words),
        x_indptr=np.cumsum([0, *map(len, words)]), x_shape=np.array([count, 9]),
    )  # fmt: skip
    return _of_one_graph(folder, name)


def _of_one_graph(folder: pathlib.Path, name: str) -> ConfigDict:
    config = shrink(importlib.import_module(f"configs.{name}").get_config())
    config.data.root = str(folder)
    config.batch.size = 1
    return config


def _cora_gcn(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "cora_gcn")


def _cora_links(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "cora_links")


def _cora_difformer(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "cora_difformer")


def _cora_nodeformer(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "cora_nodeformer")


def _cora_nagphormer(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "cora_nagphormer")


def _cora_sgformer(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "cora_sgformer")


def _citeseer_sgformer(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "citeseer_sgformer")


def _pubmed_sgformer(folder: pathlib.Path) -> ConfigDict:
    return _citations(folder, "pubmed_sgformer")


def _minesweeper(folder: pathlib.Path) -> ConfigDict:
    return _squares(folder, "minesweeper")


def _minesweeper_polynormer(folder: pathlib.Path) -> ConfigDict:
    return _squares(folder, "minesweeper_polynormer")


def _tolokers_polynormer(folder: pathlib.Path) -> ConfigDict:
    return _squares(folder, "tolokers_polynormer")


def _squares(folder: pathlib.Path, name: str) -> ConfigDict:
    """Minesweeper in the small, or another of these graphs: a path of 30 nodes, two classes."""
    graph = importlib.import_module(f"configs.{name}").get_config().data.graph
    (folder / "heterophilous").mkdir()
    rng, count = np.random.default_rng(0), 30
    parts = rng.integers(0, 3, (10, count))
    np.savez(
        folder / "heterophilous" / f"{graph}.npz",
        edges=np.stack([np.arange(count), (np.arange(count) + 1) % count], axis=1),
        node_features=rng.normal(size=(count, 7)).astype(np.float32),
        node_labels=np.arange(count) % 3 // 2,
        train_masks=parts == 0, val_masks=parts == 1, test_masks=parts == 2,
    )  # fmt: skip
    return _of_one_graph(folder, name)


RECIPES: dict[str, Callable[[pathlib.Path], ConfigDict]] = {
    "citeseer_sgformer": _citeseer_sgformer,
    "cora_difformer": _cora_difformer,
    "cora_gcn": _cora_gcn,
    "cora_links": _cora_links,
    "cora_nagphormer": _cora_nagphormer,
    "cora_nodeformer": _cora_nodeformer,
    "cora_sgformer": _cora_sgformer,
    "csl_gps": _csl_gps,
    "csv_molecules": _csv_molecules,
    "csv_molecules_pretrained": _csv_molecules_pretrained,
    "large_graph_sage": _large_graph_sage,
    "minesweeper": _minesweeper,
    "minesweeper_polynormer": _minesweeper_polynormer,
    "peptides_func_exphormer": _peptides_func_exphormer,
    "peptides_func_gps": _peptides_func_gps,
    "pubmed_sgformer": _pubmed_sgformer,
    "sbm_nodes": _sbm_nodes,
    "smoke": _smoke,
    "solubility_gps": _solubility_gps,
    "tolokers_polynormer": _tolokers_polynormer,
    "zinc_ckgcn": lambda folder: _zinc(folder, "zinc_ckgcn"),
    "zinc_encodings": _zinc_encodings,
    "zinc_exphormer": _zinc_exphormer,
    "zinc_esa": _zinc_esa,
    "zinc_gdt": _zinc_gdt,
    "zinc_gps": _zinc_gps,
    "zinc_gps_siggate": _zinc_gps_siggate,
    "zinc_graphormer": _zinc_graphormer,
    "zinc_gt": _zinc_gt,
    "zinc_ppgt": _zinc_ppgt,
    "zinc_lspe": lambda folder: _zinc(folder, "zinc_lspe"),
    "zinc_sat": lambda folder: _zinc(folder, "zinc_sat"),
    "zinc_san": _zinc_san,
    "zinc_specformer": lambda folder: _zinc(folder, "zinc_specformer"),
    "zinc_tokengt": lambda folder: _zinc(folder, "zinc_tokengt"),
}
