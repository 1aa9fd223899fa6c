"""The page of runs, made from files that no run had to write."""

import json
import math
import sys

import numpy as np
import pytest

import gtx.report
from gtx.cli import finish, outcome
from gtx.data import Dataset, GraphSpec, Label
from gtx.data.spec import mixed_label
from gtx.report import page
from gtx.report.charts import Axis
from gtx.report.run import ReportError, read
from gtx.report.targets import targets
from gtx.tasks import metrics as scored
from gtx.uncertainty import Calibration
from tests.cli import commands
from tests.report.pages import Page, scores_of

NAMES = [f"{'C' * (1 + place)}O" for place in range(40)]
HOSTILE = '"><script>alert(1)</script>'


def folder(path, label, labels, said, metrics, *, names=NAMES, **more):
    """The folder of a run with these predictions of its test part."""
    checkpoint = path / "checkpoints" / "best"
    checkpoint.mkdir(parents=True)
    spec = GraphSpec(label=label)
    content = {"test": {"num_graphs": len(labels), "labels": "f00d"}}
    recipe = {"spec": spec.to_json(), "content": content}
    (checkpoint / "recipe.json").write_text(json.dumps(recipe))
    node_ptr = np.arange(len(labels) + 1)
    data = Dataset.from_columns(
        node_ptr=node_ptr, edge_ptr=0 * node_ptr, senders=[], receivers=[], labels=labels,
        spec=spec, names=names[: len(labels)],
    )  # fmt: skip
    said = np.asarray(said, np.float32)
    outcome.write_predictions(path / "predictions.csv", data, said)
    Calibration.fit(label, said if said.ndim == 3 else said[None], data.targets.labels).save(path)
    config = {"data": {"path": "mine.csv"}}
    whole = {"main_metric": "rmse", "config": config, "parameters": 12, **metrics, **more}
    outcome.write_json(path / "metrics.json", whole)
    history = [
        {"epoch": epoch, "loss": 1 / epoch, "valid": {"rmse": 2 / epoch} if epoch > 1 else None}
        for epoch in (1, 2, 3)
    ]
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in history))
    timing = [{"epoch": 1, "train_seconds": 0.5, "graphs_per_second": 80.0}]
    (path / "timing.jsonl").write_text("".join(json.dumps(line) + "\n" for line in timing))
    return path


@pytest.fixture
def regression(tmp_path):
    rng = np.random.default_rng(0)
    measured = rng.normal(size=(40, 1))
    measured[3] = np.nan
    said = measured + rng.normal(size=(40, 1))
    said[3], said[7] = 1.0, measured[7] + 9
    test = scored.regression(said.astype(np.float32), measured)
    return folder(
        tmp_path / "run", Label("graph", "regression", 1, ("logS",)), measured, said,
        {"train": dict.fromkeys(test, 0.25), "test": test, "baseline": {"test": test}},
        versions={"jax": "0.10.2"}, padding_waste={"nodes": 1.125, "edges": math.inf},
        train_seconds=2.5,
    )  # fmt: skip


def shown(*folders, output):
    page.write(folders, output)
    return Page(output.read_text())


def test_the_page_has_every_score_and_every_section(regression, tmp_path):
    found = shown(regression, output=tmp_path / "report.html")
    metrics = json.loads((regression / "metrics.json").read_text())
    assert found.scores == scores_of(metrics)
    text = found.text
    for said in (
        f"{metrics['test']['rmse']:.4f}", "95 % interval, test", "random forest", "39 known values",
        "Largest errors", "Calibration", "1.12 times as many nodes", "0.10.2", "f00d", "mine.csv",
        "80 graphs per second", "2.50",
    ):  # fmt: skip
        assert said in text, said
    assert text.count("measured") > 39 and f"{NAMES[5]}: measured" in text
    assert f" {NAMES[3]}:" not in text  # it was not measured
    worst = text.split("Largest errors")[1]
    assert worst.split()[0] == NAMES[7] and "error 9" in worst
    # Two curves, one scatter, one chart of calibration, and a molecule each with RDKit.
    assert found.tags.count("svg") in (4, 14)
    assert found.tags.count("circle") == 3 + 2 + 39 + 10


def test_nothing_of_the_data_gets_into_the_page_as_code(tmp_path):
    label = Label("graph", "regression", 2, (HOSTILE, "other"))
    measured = np.arange(24.0).reshape(12, 2)
    path = folder(
        tmp_path / "<script>", label, measured, measured + 0.5,
        {"test": {f"{HOSTILE}/mae": 0.5, f"other{HOSTILE}/mae": 0.5}},
        names=[f"C{HOSTILE}"] * 12, main_metric=HOSTILE, device=HOSTILE,
        versions={HOSTILE: HOSTILE}, padding_waste={HOSTILE: 1.0},
        seeds={"0": {"diverged": HOSTILE}}, stopped=HOSTILE,
    )  # fmt: skip
    other = tmp_path / "classes"
    classes = Label("graph", "multiclass", 3, (HOSTILE, "&lt;b>", "c"))
    folder(other, classes, np.arange(12) % 3, np.eye(3)[np.arange(12) % 3], {"test": {}})
    found = shown(path, other, output=tmp_path / "report.html")
    assert found.text.count(HOSTILE) > 20 and "&lt;b>" in found.text


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_classes_have_their_reliability(kind, tmp_path):
    rng = np.random.default_rng(1)
    names = ("toxic",) if kind == "binary" else ("a", "b", "c")
    label = Label("graph", kind, len(names), names)
    if kind == "binary":
        said = rng.uniform(size=(40, 1))
        measured = (rng.uniform(size=(40, 1)) < said).astype(float)
        test = scored.binary(said.astype(np.float32), measured)
    else:
        said = rng.dirichlet(np.ones(3), size=40)
        measured = said.argmax(axis=1)
        measured[:10] = 0
        test = scored.multiclass(said.astype(np.float32), measured)
    path = folder(tmp_path / "run", label, measured, said, {"test": test})
    found = shown(path, output=tmp_path / "report.html")
    assert found.scores == scores_of({"test": test})
    assert "calibrated on the validation part" in found.text and "95 % interval" in found.text
    assert ("Measured classes" in found.text) == (kind == "multiclass")


def test_targets_of_several_kinds_are_read_from_their_own_columns(tmp_path):
    parts = (
        Label("graph", "regression", 1, ("logS",), name="logS"),
        Label("graph", "multiclass", 3, ("a", "b", "c"), name="kind"),
    )
    rng = np.random.default_rng(2)
    labels = np.stack([rng.normal(size=20), np.arange(20) % 3], axis=1)
    labels[4, 1] = np.nan
    said = np.concatenate([labels[:, :1] + 1, rng.dirichlet(np.ones(3), size=20)], axis=1)
    scores = {"logS/mae": 1.0, "kind/accuracy": 0.125}
    path = folder(tmp_path / "run", mixed_label(parts), labels, said, {"test": scores})
    one, two = targets(read(path, "run"))
    assert (one.name, one.prefix, two.name, two.prefix) == ("logS", "logS/", "kind", "kind/")
    np.testing.assert_allclose(one.errors, 1, rtol=1e-5)
    known = np.arange(20) != 4
    np.testing.assert_array_equal(two.measured, labels[known, 1])
    np.testing.assert_allclose(two.predicted, said[known, 1:], rtol=1e-5)
    found = shown(path, output=tmp_path / "report.html")
    assert found.scores == scores_of({"test": scores})
    # The accuracy of these rows is another one, so it is given no interval.
    assert found.text.count("95 % interval") == 1


def test_several_seeds_have_their_deviation_and_a_diverged_one_is_named(tmp_path):
    measured = np.arange(12.0)[:, None]
    said = np.stack([measured + 0.5, measured - 1.5])
    seeds = {
        "2": {"seed": 2, "epochs": 3, "best_epoch": 3, "test": {"rmse": 0.5}, "diverged": None},
        "10": {"seed": 10, "epochs": 1, "best_epoch": None, "diverged": "the loss is nan."},
    }
    path = folder(
        tmp_path / "run", Label("graph", "regression", 1, ("logS",)), measured, said,
        {"test": {"rmse": math.nan}, "deviations": {"test": {"rmse": 0.125}}, "seeds": seeds},
        ensemble={"test": {"rmse": 0.5}},
    )  # fmt: skip
    found = shown(path, output=tmp_path / "report.html")
    assert found.scores["test/rmse"] is None and found.scores["ensemble/test/rmse"] == 0.5
    assert found.scores["seed 2/test/rmse"] == 0.5 and found.scores["seed 10/test/rmse"] is None
    assert "± 0.1250" in found.text.replace("\u00a0", " ")
    assert "diverged: the loss is nan." in found.text
    assert "Diverged: seed 10." in found.text and "of the ensemble" in found.text


def test_what_a_run_lacks_is_left_out_and_said(regression, tmp_path):
    for name in ("predictions.csv", "metrics.jsonl", "timing.jsonl", "uncertainty.json"):
        (regression / name).unlink()
    found = shown(regression, output=tmp_path / "report.html")
    assert "svg" not in found.tags and "95 % interval, test" not in found.text
    assert "has no predictions.csv" in found.text and "there are no curves" in found.text
    metrics = json.loads((regression / "metrics.json").read_text())
    assert found.scores == scores_of(metrics)


def test_predictions_that_would_fill_the_memory_are_not_read(regression, tmp_path, monkeypatch):
    monkeypatch.setattr("gtx.report.run.MOST_BYTES", 100)
    found = shown(regression, output=tmp_path / "report.html")
    assert "so predictions are not shown" in found.text and "Largest errors" not in found.text
    assert found.tags.count("svg") == 2


def test_the_command_compares_runs(regression, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert commands.run("report", "run") == 0
    assert Page((regression / "report.html").read_text()).texts
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "metrics.json").write_text(
        json.dumps({"main_metric": "mae", "test": {"mae": 0.75}})
    )
    page.write([regression], tmp_path / "alone.html")
    assert commands.run("report", "run", "other", "--output=both.html") == 0
    text = (tmp_path / "both.html").read_text()
    assert "run 1/test/mae" in text and 'data-value="0.75"' in text
    assert text.index("<table") < text.index('id="run-1"') < text.index('id="run-2"')
    capsys.readouterr()
    for arguments, says in (
        ([], "which run? Give one folder"),
        (["nowhere"], "nowhere has no metrics.json"),
    ):
        assert commands.run("report", *arguments) == 2
        err = capsys.readouterr().err
        assert err.startswith("error: ") and says in err and err.count("\n") == 1


def test_a_file_that_is_damaged_is_named(regression):
    (regression / "metrics.jsonl").write_text('{"epoch": 1\n')
    with pytest.raises(ReportError, match=r"metrics\.jsonl cannot be read"):
        read(regression, "run")


def test_a_run_ends_without_a_page_where_its_library_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.delattr(gtx.report, "page")
    monkeypatch.setitem(sys.modules, "gtx.report.page", None)
    assert not finish.write_page(tmp_path)
    assert capsys.readouterr().err.startswith("note: report.html is not written: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([0.0], False), ([-1e20, 1e20], False), ([3.0, 3.0], False), ([1.0, 1 + 1e-15], False),
        ([1e-9, 1e9], True), ([0.5, 0.6], True), ([0.0, 1.0], True), ([], False),
    ],
)  # fmt: skip
def test_an_axis_holds_its_values_and_has_a_few_ticks(values, log):
    axis = Axis.of(np.array(values, np.float64), 10.0, 100.0, log=log)
    assert all(10 <= axis(value) <= 100 for value in values)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 8 and ticks == sorted(ticks)
    assert all(10 - 1e-6 <= axis(tick) <= 100 + 1e-6 for tick in ticks)


def test_intervals_are_not_checked_on_the_part_that_they_are_fitted_to(regression, tmp_path):
    metrics = json.loads((regression / "metrics.json").read_text())
    assert "cannot be checked by it" not in shown(regression, output=tmp_path / "a.html").text
    metrics["valid"] = metrics.pop("test")
    metrics.pop("baseline")
    outcome.write_json(regression / "metrics.json", metrics)
    found = shown(regression, output=tmp_path / "b.html")
    assert "cannot be checked by it" in found.text and "in intervals that are" not in found.text
