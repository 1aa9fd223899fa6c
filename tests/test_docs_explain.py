"""Every block of docs/explain.md runs in its order, commands with a small model."""

import csv
import pathlib
import re
import shlex

import pytest

from gtx import cli
from tests.test_docs_reuse import SMALL

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Enough steps that the head, which starts at 0, is no longer there.
LEARNING = ["--config.optimizer.ema_decay=0.0", "--config.optimizer.warmup_epochs=0.0"]
PAGE = (ROOT / "docs" / "explain.md").read_text()

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_compilation")]


def test_the_page_goes_from_a_table_to_pictures(tmp_path, monkeypatch, capsys):
    pytest.importorskip("rdkit")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    names = {"__name__": "explain"}
    for kind, code in BLOCK.findall(PAGE):
        if kind == "python":
            exec(compile(code, "explain.md", "exec"), names)
            continue
        for command in code.splitlines():
            program, name, *arguments = shlex.split(command)
            assert program == "gtx", command
            arguments += [*SMALL, *LEARNING] if name == "train" else []
            assert cli.run(name, arguments) == 0, f"{command}\n{capsys.readouterr()}"
    one, both = tmp_path / "runs" / "oxygens" / "explained", tmp_path / "pair"
    for path in (one / "molecule_1_oxygens", both / "molecule_2_oxygens", both / "pair_oxygens"):
        assert path.with_suffix(".png").stat().st_size > 1000
        assert path.with_suffix(".svg").stat().st_size > 1000
    with (one / "atoms.csv").open(newline="") as file:
        atoms = list(csv.DictReader(file))
    assert [row["symbol"] for row in atoms] == [*"CCOOCCN"]
    with (one / "molecules.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    total = sum(float(row["gradients"]) for row in atoms) + float(first["rest"])
    difference = float(first["prediction"]) - float(first["baseline"])
    assert total == pytest.approx(difference, rel=0.011, abs=1e-4)
