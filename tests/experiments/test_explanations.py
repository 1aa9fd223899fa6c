"""The experiment of explanations: made labels, scores, and the page."""

import csv
import json

import numpy as np
import pytest

from experiments import explanations
from gtx import Predictor
from gtx.data.smiles import parse_all
from gtx.explain import Explanation

COUNT, PAIR = explanations.MADE


def test_labels_are_made_of_the_atoms_that_are_called_true():
    acid, aldehyde, acetone_alcohol, ring = parse_all(["CC(=O)O", "CC=O", "CC(=O)CO", "c1ccccc1"])
    assert [COUNT.label(each) for each in (acid, aldehyde, acetone_alcohol, ring)] == [1, 1, 1, 0]
    assert [PAIR.label(each) for each in (acid, aldehyde, acetone_alcohol, ring)] == [1, 0, 1, 0]
    assert COUNT.atoms(acid).tolist() == [False, True, True, False]
    assert PAIR.atoms(acetone_alcohol).tolist() == [False, True, True, False, True]
    assert COUNT.label(*parse_all(["O=C(N)C(=O)O"])) == 2


def test_scores_compare_contributions_with_the_true_atoms():
    def made(values, **ends):
        return Explanation("", "", "", np.array(values), len(values), **ends)

    truth = [np.array([True, False, False]), np.array([True, True, False])]
    found = explanations.scores([made([3.0, 1.0, 2.0]), made([0.0, 2.0, 1.0])], truth)
    assert found["roc_auc"] == pytest.approx((1 + 0.5) / 2)
    assert found["roc_auc_of_all_atoms"] == pytest.approx(5.5 / 9)
    gaps = [
        made([1.0, 1.0], prediction=3.0, baseline=1.01),
        made([1.0], prediction=2.0, baseline=1.1),
    ]
    assert explanations.largest_gap(gaps) == pytest.approx(0.1 / 0.9)


def test_the_page_has_the_scores_and_they_are_what_is_asked_of_them(tmp_path, monkeypatch):
    found = json.loads(explanations.SCORES.read_text())
    for made in explanations.MADE:
        each = found["targets"][made.name]
        assert each["integrated gradients"]["roc_auc"] >= 0.95 and each["molecules"] >= 20
        assert each["gap"] <= 0.01
        name = f"{made.name.replace(' ', '_')}.png"
        assert (explanations.FIGURES / name).exists() and name in explanations.PAGE.read_text()
    copy = tmp_path / "explain.md"
    copy.write_text(explanations.PAGE.read_text())
    monkeypatch.setattr(explanations, "PAGE", copy)
    explanations.write_page()
    assert copy.read_text() == (explanations.ROOT / "docs" / "explain.md").read_text()


@pytest.mark.slow
def test_top_atoms_are_those_that_the_labels_are_made_of(tmp_path):
    pytest.importorskip("datamol")
    workdir = tmp_path / "run"
    explanations.train(workdir)
    with workdir.with_suffix(".csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) > 1000
    found, shown = explanations.measured(Predictor.load(workdir))
    for made in explanations.MADE:
        each = found[made.name]
        assert each["integrated gradients"]["roc_auc"] >= 0.95
        assert each["leave one out"]["roc_auc"] >= 0.95
        assert each["gap"] <= 0.01
    assert explanations.draw(COUNT.name, shown[COUNT.name]).startswith(b"\x89PNG")
