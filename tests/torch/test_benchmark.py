"""The benchmark that the README cites runs, on equal work."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from experiments.benchmarks import attention

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


def test_the_attention_benchmark_compares_equal_work():
    """Both raise where gtx and its peer differ."""
    one = attention.complete(40, rounds=1)
    assert set(one.seconds) == {"dense", "chunked", "torch SDPA"}
    two = attention.edge_list(1, num_nodes=200, num_edges=1000)
    assert set(two.seconds) == {"edges", "chunked", "PyG TransformerConv"}
    lines = "\n".join(attention.table({"glibc default": [one, two]}, {"date": "today"}))
    assert "n = 40" in lines and "1M edges" in lines


def test_unequal_work_is_not_timed():
    with pytest.raises(AssertionError, match="not the same work: a test"):
        attention.check_equal([np.ones(3)], [np.ones(3) + 1e-2], "a test")


def test_the_gpu_benchmark_compares_equal_work_too(tmp_path):
    out = tmp_path / "numbers.json"
    parts = ["--part=attention", "--part=edges", "--part=gps"]
    done = subprocess.run(
        [sys.executable, "-m", "experiments.benchmark", "gpu", "--small", "--rounds=1", *parts,
         f"--json={out}"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {(row["program"], row["dtype"]): row for row in json.loads(out.read_text())["rows"]}
    for key in (("torch SDPA", "float32"), ("torch SDPA", "bfloat16"), ("gtx", "float32"),
                ("PyG TransformerConv", "float32")):  # fmt: skip
        assert 0 < rows[key]["error"] <= rows[key]["limit"]
        assert min(rows[key]["milliseconds"]) > 0
