"""Every block of docs/reuse.md runs in its order, commands with a small model."""

import pathlib
import re
import shlex

import pytest

from gtx import cli

ROOT = pathlib.Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|bash)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGE = (ROOT / "docs" / "reuse.md").read_text()
SMALL = [
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.encoding_dim=4",
    "--config.training.num_epochs=1",
    "--config.batch.num_tiers=1",
    "--config.batch.size=8",
    "--config.data.descriptors=()",
    "--config.encodings.random_walk.walk_length=3",
]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_compilation")]


def test_the_page_goes_from_a_run_to_its_reuse(tmp_path, monkeypatch, capsys):
    pytest.importorskip("rdkit")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    names = {"__name__": "reuse"}
    for kind, code in BLOCK.findall(PAGE):
        if kind == "python":
            exec(compile(code, "reuse.md", "exec"), names)
            continue
        for command in code.splitlines():
            program, name, *arguments = shlex.split(command)
            assert program == "gtx", command
            arguments += SMALL if name == "train" else []
            assert cli.run(name, arguments) == 0, f"{command}\n{capsys.readouterr()}"
    assert (tmp_path / "runs" / "slower" / "start.json").exists()
