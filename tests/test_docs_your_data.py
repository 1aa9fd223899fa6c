"""Every block of docs/your_data.md runs in its order, commands with a small model."""

import csv
import pathlib
import re
import shlex

import pytest

from gtx import cli

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGE = (ROOT / "docs" / "your_data.md").read_text()
SMALL = ["--config.model.dim=8", "--config.model.num_layers=1", "--config.training.num_epochs=1"]
# Beside the number of its layers, the encoding and the tiers take most of the time to compile.
OF_MANY = ["--config.model.encoding_dim=4", "--config.batch.num_tiers=1", "--config.batch.size=8"]

pytestmark = pytest.mark.usefixtures("quick_compilation")


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_page_goes_from_files_to_predictions(tmp_path, monkeypatch, capsys):
    pytest.importorskip("networkx", reason="needs the extra `networkx`")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    names = {"__name__": "your_data"}
    for kind, code in BLOCK.findall(PAGE):
        if kind == "python":
            exec(compile(code, "your_data.md", "exec"), names)
            continue
        for command in code.splitlines():
            program, name, *arguments = shlex.split(command)
            assert program == "gtx" and name in ("train", "predict", "evaluate"), command
            if name == "train":
                arguments += SMALL + ([] if "large" in command else OF_MANY)
            assert cli.run(name, arguments) == 0, f"{command}\n{capsys.readouterr()}"
    shapes = rows("predictions.csv")
    assert [row["graph"] for row in shapes] == ["100", "101", "102", "103", "104"]
    assert {row["class_predicted"] for row in shapes} <= {"ring", "path"}
    for row in shapes:
        total = float(row["ring_probability"]) + float(row["path_probability"])
        assert total == pytest.approx(1, abs=1e-5)
    assert list(rows("ring_predictions.csv")[0]) == ["graph", "0_predicted"]
    assert len(rows("ring_predictions.csv")) == 2
    papers = rows("topics.csv")
    assert [row["node"] for row in papers] == [f"p{number}" for number in range(300)]
    assert {row["class_predicted"] for row in papers} <= {"graphs", "proteins"}
