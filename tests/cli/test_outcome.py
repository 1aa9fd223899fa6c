"""Tables, files and pictures of scores where labels are missing, of one target and of several."""

import csv

import numpy as np
import pytest

from gtx.cli import outcome, pictures
from gtx.data import Dataset, GraphSpec, Label
from gtx.graphs import from_arrays

NAN = np.nan


def dataset(labels, label, *, sizes=(2, 1, 3), **fields):
    node_ptr = np.concatenate([[0], np.cumsum(sizes)])
    return Dataset.from_columns(
        node_ptr=node_ptr, edge_ptr=0 * node_ptr, senders=[], receivers=[], labels=labels,
        spec=GraphSpec(label=label), **fields,
    )  # fmt: skip


def rows(tmp_path, data, predictions):
    path = tmp_path / "predictions.csv"
    outcome.write_predictions(path, data, np.asarray(predictions, np.float32))
    with path.open() as file:
        return list(csv.reader(file))


def test_a_number_is_written_as_a_person_would_and_a_missing_one_is_empty(tmp_path):
    label = Label("graph", "regression", 2, ("logS", "pKa"))
    data = dataset(
        [[3.8, NAN], [-1e-8, 0.1], [NAN, NAN]], label, ids=[4, 7, 9], names=["C", "CO", "CN"]
    )
    assert rows(tmp_path, data, [[3.7, 1], [0.30000001, 1e20], [2, -0.0]]) == [
        ["id", "name", "logS_measured", "pKa_measured", "logS_predicted", "pKa_predicted"],
        ["4", "C", "3.8", "", "3.7", "1.0"],
        ["7", "CO", "-1e-08", "0.1", "0.3", "1e+20"],
        ["9", "CN", "", "", "2.0", "-0.0"],
    ]


def test_classes_are_written_by_name(tmp_path):
    label = Label("graph", "multiclass", 2, ("red", "blue"))
    found = rows(tmp_path, dataset([1, -1, 0], label), [[0.25, 0.75], [0.5, 0.5], [0.1, 0.9]])
    assert found == [
        ["id", "class_measured", "class_predicted", "red_probability", "blue_probability"],
        ["0", "blue", "blue", "0.25", "0.75"],
        ["1", "", "red", "0.5", "0.5"],
        ["2", "red", "blue", "0.1", "0.9"],
    ]


def test_yes_and_no_are_written_as_whole_numbers(tmp_path):
    label = Label("graph", "multilabel", 2)
    found = rows(tmp_path, dataset([[1, 0], [NAN, 1], [0, NAN]], label), [[0.5, 0.25]] * 3)
    assert found[0] == ["id", "0_measured", "1_measured", "0_predicted", "1_predicted"]
    assert [row[1:3] for row in found[1:]] == [["1", "0"], ["", "1"], ["0", ""]]


def test_nodes_have_their_number_and_a_missing_label_is_an_empty_cell(tmp_path):
    data = dataset([-1, 1, 0, -1, -1, 1], Label("node", "multiclass", 2), ids=[5, 6, 8])
    found = rows(tmp_path, data, [[0.75, 0.25]] * 6)
    assert found[0][:4] == ["id", "node", "class_measured", "class_predicted"]
    assert [row[:4] for row in found[1:]] == [
        ["5", "0", "", "0"], ["5", "1", "1", "0"], ["6", "0", "0", "0"],
        ["8", "0", "", "0"], ["8", "1", "", "0"], ["8", "2", "1", "0"],
    ]  # fmt: skip
    data = dataset(
        [[NAN, 1], [NAN, NAN], [2, 3], [NAN, NAN], [NAN, NAN], [4, NAN]],
        Label("node", "regression", 2),
    )
    assert [row[:4] for row in rows(tmp_path, data, np.zeros((6, 2)))[1:]] == [
        ["0", "0", "", "1.0"], ["0", "1", "", ""], ["1", "0", "2.0", "3.0"],
        ["2", "0", "", ""], ["2", "1", "", ""], ["2", "2", "4.0", ""],
    ]  # fmt: skip


def test_several_targets_get_a_row_each_and_no_mean_over_unlike_units(capsys):
    score = {
        "mae": 100.5, "rmse": 200.5, "r2": 0.25, "scaled_mae": 0.5, "scaled_rmse": 0.75,
        "log[S]/mae": 1.5, "log[S]/r2": NAN, "per/hour/mae": 199.5, "per/hour/r2": 0.125,
    }  # fmt: skip
    outcome.print_scores({"valid": score, "test": score}, score)
    lines = [line.strip("│┃ ") for line in capsys.readouterr().out.splitlines()]
    cells = [[cell.strip() for cell in line.replace("┃", "│").split("│")] for line in lines]
    assert ["split", "r2", "scaled_mae", "scaled_rmse"] in cells
    assert ["test, random forest", "0.2500", "0.5000", "0.7500"] in cells
    assert ["split", "target", "mae", "r2"] in cells
    for split in ("valid", "test", "test, random forest"):
        assert [split, "log[S]", "1.5000", "-"] in cells
        assert [split, "per/hour", "199.5000", "0.1250"] in cells


def test_one_target_has_one_table(capsys):
    outcome.print_scores({"test": {"mae": 1.0, "rmse": NAN}}, None)
    out = capsys.readouterr().out
    assert "mae" in out and "1.0000" in out and "target" not in out


@pytest.mark.parametrize(
    ("labels", "name"),
    [([NAN, NAN], "logS"), ([1.0, NAN], "% of $x_{ in $"), ([1.0, 1.0], "溶解度 [µg/mL]")],
)
def test_predictions_are_drawn_whatever_is_known_and_whatever_it_is_called(tmp_path, labels, name):
    path = tmp_path / "predictions.png"
    pictures.predictions(path, np.array(labels), np.array([1.0, 1.0]), name)
    assert path.stat().st_size > 3000


@pytest.mark.parametrize("score", [None, 0.5])
@pytest.mark.parametrize("loss", [0.0, 0.5])
def test_a_learning_curve_is_drawn_without_a_score_and_at_loss_zero(tmp_path, loss, score):
    path = tmp_path / "curve.png"
    history = [{"epoch": e, "loss": loss, "valid": {"mae": score}} for e in (1, 2)]
    pictures.learning_curve(path, history, "mae")
    pictures.learning_curve(path, [], "mae")
    assert path.stat().st_size > 3000


def test_edges_and_pairs_are_named_by_their_numbers_in_their_graph(tmp_path):
    graph = from_arrays([1, 0, 1], [0, 1, 1], n_node=2)
    data = Dataset.from_graphs([graph, graph])
    label = Label("pair", "binary", 1, ("link",))
    pairs = data.with_targets("pair", [[3, 2], [0, 1]], [1.0, NAN], label=label)
    assert rows(tmp_path, pairs, [[0.5], [0.25]]) == [
        ["id", "sender", "receiver", "link_measured", "link_predicted"],
        ["1", "1", "0", "1", "0.5"],
        ["0", "0", "1", "", "0.25"],
    ]
    edges = data.with_targets("edge", [5, 0], [1.5, 2.5])
    assert [row[:3] for row in rows(tmp_path, edges, [[0.0], [1.0]])] == [
        ["id", "edge", "0_measured"], ["1", "2", "1.5"], ["0", "0", "2.5"]
    ]  # fmt: skip


def test_small_scores_keep_their_digits():
    found = [outcome.score(value) for value in (0.0, 0.1236, 1234.5, 3.21e-14, -2e-5, NAN)]
    assert found == ["0.0000", "0.1236", "1234.5000", "3.21e-14", "-2e-05", "-"]
