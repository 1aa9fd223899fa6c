"""Weights of rows and targets of several kinds, from CSV files of molecules and from tables."""

import numpy as np
import pytest

from configs import csv_graphs, csv_molecules
from gtx import recipes
from gtx.data import CsvError, DatasetError
from gtx.data.sources import Tables
from gtx.tasks import Mixed

KINDS = dict(kind="mixed", kinds="regression,binary,multiclass")


def molecules(path, rows, **settings):
    pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")
    path.write_text("smiles,logS,toxic,phase,weight\n" + "\n".join(rows) + "\n")
    config = csv_molecules.get_config()
    config.data.path = str(path)
    config.data.descriptors = ()
    config.data.target = "logS,toxic,phase"
    config.data.update({**KINDS, **settings})
    return config


ROWS = [f"{'C' * (n + 1)},{n / 2 if n % 4 else ''},{n % 2},{'abc'[n % 3]},{n}" for n in range(12)]


def test_a_csv_with_targets_of_several_kinds_and_weights_trains_by_a_config(tmp_path):
    config = molecules(tmp_path / "m.csv", ["C(,1,1,a,9", *ROWS], weights="weight")
    config.task.metric = "phase/accuracy"
    config.task.head_weights = (1.0, 2.0, 0.5)
    recipes.check(config)
    prepared = recipes.load(config)
    dataset, label = prepared.dataset, prepared.dataset.spec.label
    heads = [(part.name, part.kind, part.dim) for part in label.parts]
    assert heads == [("logS", "regression", 1), ("toxic", "binary", 1), ("phase", "multiclass", 3)]
    assert label.parts[2].names == ("a", "b", "c")
    expected = [[n / 2 if n % 4 else np.nan, n % 2, n % 3] for n in range(12)]
    np.testing.assert_array_equal(dataset.targets.labels, np.array(expected, np.float32))
    np.testing.assert_array_equal(dataset.targets.weights, np.arange(12))  # not the first row
    task = recipes.task(config, dataset.spec)
    assert isinstance(task, Mixed) and task.main_metric == "phase/accuracy"
    part = dataset.part("train").targets
    np.testing.assert_array_equal(part.weights % 2, part.labels[:, 1])  # they follow the rows


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "C,1,1,a,-1",
            "row 2, column 'weight' holds '-1'. A weight must be a number of",
        ),
        ("C,1,1,a,", "row 2, column 'weight' holds ''. A weight must be"),
        ("C,1,1,a,NaN", "row 2, column 'weight' holds 'NaN'. A weight must be"),
        ("C,1,1,a,inf", "row 2, column 'weight' holds 'inf'. It must be a finite number"),
        ("C,1,1,a,much", "row 2, column 'weight' holds 'much'. It must be a finite number"),
        ("C,1,1,a,0", "every weight in column 'weight' is 0"),
        ("C,1,2,a,1", "row 2, column 'toxic' holds '2'. It must be 0 or 1"),
    ],
)
def test_odd_weights_and_labels_name_the_row_and_the_column(row, message, tmp_path):
    config = molecules(tmp_path / "m.csv", [row], weights="weight")
    with pytest.raises(CsvError, match=message.replace("(", r"\(")):
        recipes.load(config)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(weights="wieght"), "there is no column 'wieght'.*Did you mean 'weight'"),
        (dict(kinds="regression,binary"), "not one for each of the targets"),
        (dict(kinds="regression,binary,classes"), "not one for each of the targets"),
        (dict(kind="binary", target="toxic"), "they are those of a mixed label"),
    ],
)
def test_kinds_and_columns_that_do_not_fit_are_refused(settings, message, tmp_path):
    config = molecules(tmp_path / "m.csv", ROWS, **settings)
    with pytest.raises((DatasetError, recipes.ConfigError), match=message):
        recipes.load(config)


@pytest.mark.parametrize("level", ["graph", "node"])
def test_tables_have_weights_and_several_kinds_too(level, tmp_path):
    nodes = ["graph,node,kind,size,ring,weight"]
    graphs = ["graph,size,ring,weight"]
    for graph in range(6):
        nodes += [f"{graph},{node},C,{node},{node % 2},{node / 2}" for node in range(3)]
        graphs.append(f"{graph},{graph},{graph % 2},{graph / 2}")
    files = dict(nodes=nodes, graphs=graphs, edges=["graph,sender,receiver", "0,0,1"])
    if level == "node":
        files["graphs"] = ["graph", *map(str, range(6))]
    else:
        files["nodes"] = [line.rsplit(",", 3)[0] for line in nodes]
    for name, lines in files.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    settings = dict(level=level, kind="mixed", kinds=("regression", "binary"), weights="weight")
    dataset = Tables(str(tmp_path), "size,ring", **settings).load()
    numbers = np.arange(6) if level == "graph" else np.tile(np.arange(3), 6)
    np.testing.assert_array_equal(dataset.targets.weights, numbers / 2)
    np.testing.assert_array_equal(dataset.targets.labels, np.stack([numbers, numbers % 2], axis=1))
    assert set(dataset.spec.nodes) == {"kind"} and not dataset.spec.graphs
    with pytest.raises(DatasetError, match="Tables: the kinds"):
        Tables("x", "a,b", kind="mixed", kinds="binary")


def test_the_recipes_name_both_fields():
    for module in (csv_molecules, csv_graphs):
        config = module.get_config()
        assert (config.data.kinds, config.data.weights) == ("", "")
