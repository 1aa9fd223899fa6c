"""A model that was trained on a published set of molecules predicts for SMILES."""

import csv
import json

import numpy as np
import pytest

from gtx import Predictor
from gtx.data import Label, molecules, packed
from tests.cli import commands
from tests.trained import SMILES

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")
pytestmark = pytest.mark.usefixtures("quick_compilation")

SMALL = (
    "--config=configs/moleculenet_gps.py:bace",
    "--config.encodings_used=none",
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.num_heads=2",
    "--config.batch.num_tiers=1",
    "--config.training.num_epochs=1",
    "--config.optimizer.warmup_epochs=0.0",
    "--config.baseline=True",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, quick_compilation):
    """A run on a file in the form of BACE, and the folder of the file."""
    found = tmp_path_factory.mktemp("published")
    (found / "moleculenet").mkdir()
    graphs, _ = molecules.from_smiles(SMILES, features="ogb")
    labels = np.array([["O" in smiles] for smiles in SMILES], np.float32)
    graphs = graphs.with_targets(
        "graph", labels=labels, label=Label("graph", "binary", 1, ("Class",))
    )
    split = np.resize([0, 0, 0, 1, 2, 2], len(SMILES))
    packed.save(graphs.with_split(split), found / "moleculenet" / "bace.npz")
    arguments = [f"--config.data.root={found}", f"--workdir={found / 'run'}"]
    assert commands.run("train", *SMALL, *arguments) == 0
    return found


def test_the_graphs_of_smiles_are_those_of_the_file(folder, tmp_path):
    predictor = Predictor.load(folder / "run")
    expected = predictor(
        packed.load(folder / "moleculenet" / "bace.npz", node_name="atom", edge_name="bond")
    )
    np.testing.assert_allclose(predictor(list(SMILES)), expected, rtol=1e-5)
    source, found = tmp_path / "in.csv", []
    source.write_text("\n".join(["smiles", *SMILES]) + "\n")
    for given in (source, folder / "moleculenet" / "bace.npz"):
        output = tmp_path / "out.csv"
        arguments = [f"--input={given}", f"--output={output}"]
        assert commands.run("predict", f"--workdir={folder / 'run'}", *arguments) == 0
        rows = list(csv.DictReader(output.read_text().splitlines()))
        found.append([float(row["Class_predicted"]) for row in rows])
    np.testing.assert_allclose(found[0], expected[:, 0], rtol=1e-5)
    np.testing.assert_allclose(found[1], expected[:, 0], rtol=1e-5)


def test_other_commands_read_smiles_too(folder, tmp_path, capsys):
    workdir = f"--workdir={folder / 'run'}"
    assert commands.run("predict", workdir, "--smiles=CCO", "--similarity") == 0
    assert "train_nearest" in capsys.readouterr().out
    output = [f"--output={tmp_path / 'explained'}", "--baseline=unknown", "--pictures=0"]
    assert commands.run("explain", workdir, "--smiles=CCO", *output) == 0
    assert len((tmp_path / "explained" / "atoms.csv").read_text().splitlines()) == 4


def test_a_forest_stands_beside_the_score_of_classes(folder):
    metrics = json.loads((folder / "run" / "metrics.json").read_text())
    assert 0.5 < metrics["baseline"]["test"]["roc_auc"] <= 1
    assert metrics["repeats_in_test"] == 0
