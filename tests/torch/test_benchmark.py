"""The benchmark that the README cites runs, on equal work."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("torch_geometric", reason="needs torch and torch-geometric")
pytestmark = pytest.mark.torch
ROOT = pathlib.Path(__file__).parents[2]


def test_the_gps_benchmark_compares_equal_work(tmp_path):
    out = tmp_path / "numbers.json"
    done = subprocess.run(
        [sys.executable, "-m", "experiments.benchmark", "gps", "--rounds=1", f"--json={out}"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(out.read_text())["results"]
    assert len(results) == 2  # allocator settings
    for measurements in results.values():
        without = measurements[0]
        assert without["attention_dropout_rate"] == 0
        assert without["gtx_loss"] == pytest.approx(without["pyg_loss"], rel=1e-5)
        assert min(without["gtx"] + without["pyg"]) > 0
