import json

import pytest

from gtx import describe
from tests.cli import commands

RECIPE = "--config=configs/smoke.py"


@pytest.fixture
def figures(monkeypatch):
    """What `describe` would find, without compiling."""
    sizes = {"min": 1, "mean": 2.5, "max": 4, "total": 10}
    labels = [
        {"name": "logS", "known": 3, "missing": 1, "mean": 1.0, "std": 2.0, "min": -1, "max": 3},
        {"name": "toxic", "known": 4, "missing": 0, "positive": 1},
        {"name": "class", "known": 4, "missing": 0, "classes": {"x": 1, "y": 3}},
        {"name": "empty", "known": 0, "missing": 4},
    ]
    part = dict(graphs=4, nodes=sizes, edges=sizes, isolated_nodes=2, max_degree=3, labels=labels)
    waste = {"nodes": 1.05, "edges": 1.1, "pairs": 1.2, "steps": 7}
    found = {
        "data": {
            "splits": {"train": part},
            "columns": {"nodes": {"atom": "categories 3"}, "edges": {}},
            "rejected": 0,
        },
        "encodings": {"rwse": 0.25},
        "batches": {
            "num_nodes": 33, "num_edges": 64, "num_shards": 1, "batch_size": 8, "unit": "graph",
            "tiers": [{"num_graphs": 8, "size": 4}], "steps_per_epoch": 7,
            "padding": {"stratified": waste, "plain": waste},
            "compilations": {"train": 1, "evaluate": 1},
        },
        "parameters": {"total": 32, "modules": {"block_0/a": 10, "block_1/a": 10, "head/b": 12}},
        "attention": [
            {
                "module": "block_0/attention", "structure": "complete", "requested": "auto",
                "implementation": "dense", "reason": "the first",
            }
        ],
        "step": {
            "flops": 2.5e9, "temporary_bytes": 3 * 1024**2, "argument_bytes": None,
            "compile_seconds": 1.0, "steps_per_call": 7,
        },
        "notes": ["there is no valid part."],
    }  # fmt: skip
    monkeypatch.setattr(describe, "describe", lambda config: {**found, "seed": config.seed})
    return found


def test_json_on_stdout_is_all_that_is_printed(figures, capsys):
    assert commands.run("describe", RECIPE, "--config.seed=5", "--json=-") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {**figures, "seed": 5}
    assert captured.err == "there is no valid part.\n"


def test_tables_show_every_figure(figures, capsys, tmp_path):
    file = tmp_path / "figures.json"
    assert commands.run("describe", RECIPE, f"--json={file}") == 0
    assert json.loads(file.read_text())["parameters"]["total"] == 32
    out = capsys.readouterr().out
    printed = " ".join(out.split())
    for text in (
        "1 to 4, mean", "1 ± 2, -1 to 3", "1 positive", "x: 1, y: 3", "atom of nodes: categories 3",
        "rwse: 0.25 s", "8 x 4 nodes", "1.050", "Compilations in a run: 2 (1 to train, 1 to evalu",
        "dense (the first)", "2.5 GFLOP", "3 MiB of temporary", "unknown B kept",
        "Note: there is no valid part.",
    ):  # fmt: skip
        assert text in printed
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines()]
    assert ["block_*/a", "2", "20"] in rows and ["head/b", "1", "12"] in rows
    assert ["total", "", "32"] in rows


def test_without_files_the_declared_columns_and_parameters_are_told(capsys):
    recipe = "--config=configs/molhiv_gps.py"
    absent = ("--config.data.root=not_there", "--config.model.num_layers=2")
    assert commands.run("describe", recipe, *absent, "--json=-") == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert found["parameters"]["total"] == 558_625 - 8 * 54_656
    assert found["data"]["columns"]["nodes"] == {
        "atom": "categories 119 4 12 12 10 6 6 2 2",
        "rwse": "16 floats",
    }
    assert (found["data"]["splits"], found["batches"], found["step"]) == ({}, None, None)
    assert captured.err.startswith("there is no ogbg_molhiv/molhiv.npz in not_there.")
    assert commands.run("describe", recipe, *absent) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "121,377" in printed and "those that the source declares" in printed


def test_without_a_file_of_the_user_nothing_is_told(capsys):
    path = "--config.data.path=not_there.csv"
    assert commands.run("describe", "--config=configs/csv_molecules.py", path) == 2
    assert "not_there.csv" in capsys.readouterr().err


def test_an_unknown_field_of_the_config_is_one_line_and_exit_code_two(capsys):
    assert commands.run("describe", RECIPE, "--config.model.dims=5") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: --config.model.dims: config.model has no field 'dims'")
    assert "did you mean 'dim'" in error and "activation, attention" in error
    assert error.count("\n") == 1
