import json
import os
import pathlib
import subprocess
import sys

import pytest

_DATA = pathlib.Path(os.environ.get("GTX_DATA", "missing"))


def run(name, folder):
    if not (_DATA / folder / f"{name}.npz").exists():
        pytest.skip(f"no {folder}/{name}.npz below $GTX_DATA")
    program = [sys.executable, "-m", "tests.training.large_graph_run", name]
    result = subprocess.run(program, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_gcn_trains_on_65755_nodes_below_600_mib():
    found = run("nell", "nell_structure")
    assert found["nodes"] == 65_755 and found["edges"] == 251_550 and found["steps"] == 3
    assert found["losses"][2] < found["losses"][0]
    assert found["mib"] < 600


@pytest.mark.slow
def test_evaluation_on_minesweeper_holds_its_features_and_edges_alone():
    found = run("minesweeper", "heterophilous")
    nodes, edges = found["nodes"], found["edges"]
    features = 7 * 4 * nodes
    ends = (4 + 4 + 1) * edges  # senders, receivers and whether they are real
    # Label, identity, graph, and whether it is real; its place among the targets, and whether it
    # is one.
    of_nodes = (4 + 4 + 4 + 1 + 4 + 1) * nodes
    assert found["evaluated_bytes"] <= features + ends + of_nodes + 1000
