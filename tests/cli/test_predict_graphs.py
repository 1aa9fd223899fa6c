"""Predictions for a file of graphs that are no molecules."""

import csv
import json
import sys
import types

import jax
import numpy as np
import pytest

from gtx import Predictor, recipes
from gtx.cli import explain_graphs, explanations
from gtx.data import Categorical, Continuous, DatasetError, GraphSpec, Label, packed
from gtx.data.sources.base import Further
from tests.cli import commands
from tests.drawn import drawn
from tests.explain import squares

pytestmark = pytest.mark.usefixtures("quick_compilation")

SMALL = (
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.num_heads=2",
    "--config.model.encoding_dim=4",
    "--config.batch.size=4",
    "--config.batch.num_tiers=1",
    "--config.training.num_epochs=1",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a packed file of 20 graphs, and the file."""
    folder = tmp_path_factory.mktemp("packed")
    spec = GraphSpec(
        nodes={"type": Categorical((3,), names=(("C", "N", "O"),)), "x": Continuous(2)},
        edges={"bond": Categorical((2,))},
        label=Label("graph", "multiclass", 2, ("no", "yes")),
    )
    packed.save(drawn(spec, num_graphs=20), folder / "mine.npz")
    arguments = [f"--config.data.path={folder / 'mine.npz'}", "--config.data.kind=multiclass"]
    config = "--config=configs/packed.py"
    assert commands.run("train", config, *arguments, *SMALL, f"--workdir={folder / 'run'}") == 0
    return folder


def test_a_packed_file_is_trained_on_and_another_one_is_predicted(run, tmp_path):
    other = packed.load(run / "mine.npz").select([3, 1, 7]).without_labels()
    packed.save(other, tmp_path / "new.npz")
    files = [f"--input={tmp_path / 'new.npz'}", f"--output={tmp_path / 'out.csv'}"]
    assert commands.run("predict", f"--workdir={run / 'run'}", *files) == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert list(rows[0]) == ["graph", "class_predicted", "no_probability", "yes_probability"]
    assert [row["graph"] for row in rows] == ["3", "1", "7"]
    expected = Predictor.load(run / "run")(other)
    found = [[float(row["no_probability"]), float(row["yes_probability"])] for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert [row["class_predicted"] for row in rows] == [
        ("no", "yes")[int(each)] for each in expected.argmax(axis=1)
    ]


def test_the_vectors_of_graphs_and_nodes_of_a_file_are_written(run, tmp_path):
    other = packed.load(run / "mine.npz").select([3, 1, 7]).without_labels()
    packed.save(other, tmp_path / "new.npz")
    predictor, found = Predictor.load(run / "run"), {}
    for level in ("graph", "node"):
        output = tmp_path / f"{level}.npz"
        files = [f"--input={tmp_path / 'new.npz'}", f"--output={output}", f"--level={level}"]
        assert commands.run("embed", f"--workdir={run / 'run'}", *files) == 0
        found[level] = np.load(output)
        assert found[level]["rows"].tolist() == [["3"], ["1"], ["7"]]
        np.testing.assert_allclose(
            found[level]["vectors"], predictor.embed(other, level=level), rtol=1e-6
        )
    assert found["node"]["place"].tolist() == np.repeat(range(3), other.num_nodes).tolist()
    assert found["node"]["node"].tolist() == [n for size in other.num_nodes for n in range(size)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--input=nowhere.npz", "--output=out.csv"], "there is no file nowhere.npz"),
        (["--input=a.npz", "--output=nowhere/out.csv"], "there is no folder nowhere"),
        (["--input=a.npz", "--output=./a.npz"], "is the file of graphs, which would be lost"),
        (["--input=a", "--output=b", "--smiles_column=c"], "is no CSV file of molecules"),
        (["--smiles=CCO"], "features are not made from SMILES"),
    ],
)
def test_what_cannot_be_predicted_is_one_line_and_exit_code_two(run, capsys, arguments, says):
    assert commands.run("predict", f"--workdir={run / 'run'}", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and says in error and error.count("\n") == 1


def test_columns_are_scaled_once_however_graphs_are_given(run):
    predictor = Predictor.load(run / "run")
    assert predictor.recipe.spec.nodes["x"].mean
    prepared = recipes.prepare(predictor.recipe.config).dataset.part("test")
    with open(run / "run" / "predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    written = [float(row["yes_probability"]) for row in rows]
    raw = packed.load(run / "mine.npz").select(prepared.ids)
    assert not raw.spec.nodes["x"].mean and prepared.spec.nodes["x"].mean
    alone = [raw[number] for number in range(len(raw))]
    for given in (prepared, raw, alone):
        np.testing.assert_allclose(predictor(given)[:, 1], written, rtol=1e-5)
    assert not np.allclose(predictor(_shifted(raw))[:, 1], written, rtol=1e-5)


def _shifted(dataset):
    return dataset.with_columns("node", {"x": dataset.nodes["x"] + 1})


def test_a_run_is_scored_again_on_its_data_and_on_other_data(run, capsys):
    arguments = [f"--workdir={run / 'run'}", "--json=-"]
    assert commands.run("evaluate", *arguments) == 0
    scores = json.loads(capsys.readouterr().out)
    assert commands.run("evaluate", *arguments, "--other_data") == 0
    other = json.loads(capsys.readouterr().out)
    assert other["test"] == pytest.approx(scores["test"], nan_ok=True)


def test_the_graphs_of_a_file_are_explained_by_their_nodes_and_edges(run, tmp_path, capsys):
    predictor = Predictor.load(run / "run")
    rng = np.random.default_rng(0)  # the head still says nothing after so few steps
    predictor.variables = jax.tree.map(
        lambda leaf: leaf + rng.uniform(0.1, 0.4, leaf.shape).astype(leaf.dtype),
        predictor.variables,
    )
    new = packed.load(run / "mine.npz").select([3, 1]).without_labels()
    packed.save(new, tmp_path / "new.npz")
    methods = ["gradients", "leave_one_edge_out"]
    options = dict(targets=["yes", "no"], methods=methods, baseline="zero", pictures=1)
    file, output = str(tmp_path / "new.npz"), tmp_path / "explained"
    assert explain_graphs.write(predictor, file, output, **options) == 0
    every = {
        name: list(csv.DictReader((output / f"{name}.csv").read_text().splitlines()))
        for name in ("nodes", "edges", "graphs")
    }
    nodes, edges, graphs = (
        [row for row in rows if row["method"] == "gradients"] for rows in every.values()
    )
    lost = [row for row in every["edges"] if row["method"] == "leave_one_edge_out"]
    assert list(edges[0]) == [  # no name that a key of an edge or a pair has
        "graph", "target", "method", "edge_set", "of_sender", "of_receiver", "contribution",
    ]  # fmt: skip
    assert [row["of_sender"] for row in lost] == [row["of_sender"] for row in edges]
    assert len({row["contribution"] for row in lost}) > 5
    pictures = sorted(path.name for path in output.glob("*.[ps][nv]g"))
    assert pictures == [
        f"prediction_1_{name}" for name in ("no.png", "no.svg", "yes.png", "yes.svg")
    ]
    assert "pictures of the first 1, nodes.csv" in capsys.readouterr().out
    assert [row["graph"] for row in graphs] == ["3", "1", "3", "1"]
    assert len(nodes) == 2 * new.num_nodes.sum() and len(edges) == 2 * new.num_edges.sum()
    for row in graphs:
        own = (row["graph"], row["target"])
        total = sum(
            float(each["contribution"]) for each in nodes if (each["graph"], each["target"]) == own
        )
        difference = float(row["prediction"]) - float(row["baseline"])
        assert row["unit"] == "log-odds" and abs(total - difference) <= 0.011 * abs(difference)
        assert total != 0
    yes, no = (
        [float(row["contribution"]) for row in nodes if row["target"] == target]
        for target in ("yes", "no")
    )
    np.testing.assert_allclose(yes, -np.array(no), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("level", "index", "expected"),
    [
        ("graph", [1], []),
        ("node", [6], [2]),
        ("pair", [[4, 7]], [0, 3]),
        ("pair", [[5, 5]], [1]),
        ("edge", [6], [3, 2]),
    ],
)
def test_a_picture_marks_the_nodes_of_its_target(level, index, expected):
    dataset = squares.graphs().with_targets(level, np.array(index))
    assert explain_graphs._asked(dataset, 0) == expected


def test_without_networkx_there_are_tables(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    none = explanations.Explained((), {})
    assert explain_graphs._draw(squares.graphs(), [["0"]], none, "gradients", tmp_path, 3) == 0
    assert 'pip install "gtx-jax[networkx]"' in capsys.readouterr().err


def test_a_key_with_the_name_of_a_column_that_is_written_is_refused(run, tmp_path, monkeypatch):
    new = packed.load(run / "mine.npz").select([3]).without_labels()
    further = Further(new, {"method": ["3"]})
    source = types.SimpleNamespace(read_further=lambda path, spec: further)
    monkeypatch.setattr(recipes, "source", lambda config: source)
    options = dict(targets=[], methods=["gradients"], baseline="zero")
    predictor = Predictor.load(run / "run")
    with pytest.raises(DatasetError, match=r"new: has the columns \['method'\], which are written"):
        explain_graphs.write(predictor, "new", tmp_path / "explained", **options)


def test_graphs_are_not_explained_as_molecules(run, capsys):
    for arguments, says in (
        (["--smiles=CCO"], "Give a file of graphs: --input."),
        (["--input=a", "--baseline=unknown"], "--baseline=unknown is for molecules."),
    ):
        assert commands.run("explain", f"--workdir={run / 'run'}", *arguments) == 2
        assert says in capsys.readouterr().err
