"""Every block of docs/molecules.md runs in its order, commands with a small model."""

import csv
import shlex

import pytest

from gtx import cli
from tests.test_docs_your_data import BLOCK, OF_MANY, ROOT, SMALL

PAGE = (ROOT / "docs" / "molecules.md").read_text()

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.mark.slow
def test_the_page_goes_from_a_table_to_intervals(tmp_path, monkeypatch, capsys):
    pytest.importorskip("rdkit", reason="needs the extra `molecules`")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    names = {"__name__": "molecules"}
    for kind, code in BLOCK.findall(PAGE):
        if kind == "python":
            exec(compile(code, "molecules.md", "exec"), names)
            continue
        for command in code.splitlines():
            program, name, *arguments = shlex.split(command)
            assert program == "gtx" and name in ("train", "predict"), command
            if name == "train":
                arguments += [*SMALL, *OF_MANY, "--config.data.descriptors=()"]
            assert cli.run(name, arguments) == 0, f"{command}\n{capsys.readouterr()}"
    with open("predictions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    for row in rows:
        low, middle, high = (float(row[f"logS_{end}"]) for end in ("lower", "predicted", "upper"))
        assert low < middle < high and float(row["logS_std"]) > 0
        assert 0 < float(row["toxic_calibrated"]) < 1
        assert 0 < float(row["train_similarity"]) <= 1 and row["train_nearest"]
        assert row["toxic_set"] in ("0", "1", "0|1", "none")
    with open("fold_predictions.csv", newline="") as file:
        for row in csv.DictReader(file):
            assert (
                float(row["logS_lower"]) < float(row["logS_upper"]) and float(row["logS_std"]) > 0
            )
    with open("runs/folds/predictions.csv", newline="") as file:
        assert {row["fold"] for row in csv.DictReader(file)} == {"0", "1", "2"}
    assert (names["high"] > names["low"]).all() and names["each"].shape == (3, 2, 2)
