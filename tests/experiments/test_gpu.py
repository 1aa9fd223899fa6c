"""What `make gpu` runs, on whatever device there is; and what it says of a program that fails."""

import dataclasses
import json
import sys
import types

import numpy as np
import pytest

from experiments.benchmarks import contenders, gpu, matrix

select = sys.modules["gtx.ops.attention.select"]
pytestmark = pytest.mark.usefixtures("quick_compilation")


def contender(results=(1.0, 2.0), error=None, good_calls=0):
    """One that returns `results`, or raises `error` after some calls that went well."""
    calls = iter(range(1_000_000))

    def run():
        if error is not None and next(calls) >= good_calls:
            raise error
        return [np.array(results, np.float32)]

    return lambda: contenders.Contender(run, lambda results: None, lambda x: x, lambda: 1.5)


OUT_OF_MEMORY = RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.\nmore")


def race(**factories):
    return contenders.race(factories, [contender()], limit=0.1, rounds=3)


def test_equal_results_are_timed():
    found = race(one=contender(), other=contender((1.0, 2.1)))
    for fields in found.values():
        assert len(fields["milliseconds"]) == 3 and min(fields["milliseconds"]) > 0
        assert fields["megabytes"] == 1.5
    assert found["one"]["error"] == 0
    assert found["other"]["error"] == pytest.approx(0.05, rel=1e-5)


def test_other_results_are_a_failure_and_not_timed():
    found = race(one=contender(), wrong=contender((1.0, 3.0)), nan=contender((1.0, np.nan)))
    for name in ("wrong", "nan"):
        assert found[name]["failed"] and "milliseconds" not in found[name]
    assert found["wrong"]["error"] == pytest.approx(0.5)
    assert not found["one"].get("failed")


@pytest.mark.parametrize("good_calls", [0, 1, 3])
def test_memory_that_does_not_suffice_is_said_and_the_others_go_on(good_calls):
    found = race(large=contender(error=OUT_OF_MEMORY, good_calls=good_calls), one=contender())
    assert found["large"]["note"] == "out of memory"
    assert not found["large"].get("failed") and "milliseconds" not in found["large"]
    assert len(found["one"]["milliseconds"]) == 3


def test_a_refusal_is_no_failure_and_a_breakdown_is():
    refusal = ValueError("The attention implementation 'flash' does not apply: it is Tuesday.")
    found = race(flash=contender(error=refusal), broken=contender(error=RuntimeError("no\nplan")))
    assert not found["flash"]["failed"] and found["flash"]["note"] == str(refusal)
    assert found["broken"]["failed"] and found["broken"]["note"] == "no"


def test_the_second_judge_steps_in_and_without_one_nothing_passes():
    judges = [contender(error=OUT_OF_MEMORY), contender()]
    found = contenders.race({"one": contender()}, judges, limit=0.1, rounds=2)
    assert found["one"]["error"] == 0
    found = contenders.race({"one": contender()}, judges[:1], limit=0.1, rounds=2)
    assert found["one"]["failed"] and found["one"]["note"] == "nothing to compare with"


def test_small_sizes_run_on_this_device(tmp_path, capsys, monkeypatch):
    # tests/torch runs the same beside torch, which takes ten seconds to import.
    monkeypatch.setattr(gpu, "torch_device", lambda: (None, "left out"))
    path = tmp_path / "numbers.json"
    parts = ["equality", "attention", "edges"]
    assert gpu.run(rounds=2, root=None, json_path=str(path), small=True, parts=parts) == 0
    found = json.loads(path.read_text())
    rows = {(row["part"], row["dtype"], row["program"]): row for row in found["rows"]}
    assert found["about"]["platform"] == "cpu"
    assert 0 < rows["equality", "float32", "dense"]["error"] < 1e-5
    assert "needs an NVIDIA GPU" in rows["equality", "bfloat16", "flash"]["note"]
    assert len(rows["attention", "bfloat16", "chunked"]["milliseconds"]) == 2
    assert 0 < rows["attention", "bfloat16", "chunked"]["error"] < 3e-2
    assert rows["edges", "float32", "edges"]["megabytes"] > 0
    out = capsys.readouterr().out
    assert "NO GPU" in out
    assert "0 of " in out.splitlines()[-1]


def test_full_sizes_are_refused_without_a_gpu(capsys):
    options = dict(rounds=2, root=None, json_path=None, parts=["attention"])
    assert gpu.run(small=False, **options) == 2
    assert "--small" in capsys.readouterr().err


def test_a_missing_library_costs_its_part_alone(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "experiments.benchmarks.gps", None)
    monkeypatch.delattr("experiments.benchmarks.gps", raising=False)
    assert gpu.run(rounds=2, root=None, json_path=None, small=True, parts=["gps"]) == 0
    assert "not run: " in capsys.readouterr().out


def test_an_implementation_that_is_wrong_is_found(monkeypatch, capsys):
    dense = select.IMPLEMENTATIONS["dense"]

    def attend(call):
        out, *rest = dense.attend(call)
        return 1.0001 * out, *rest

    wrong = types.SimpleNamespace(supports=dense.supports, attend=attend)
    monkeypatch.setitem(select.IMPLEMENTATIONS, "wrong", wrong)
    block = dataclasses.replace(matrix.SMALL[0], implementations=("wrong",))
    monkeypatch.setattr(gpu, "SMALL", dataclasses.replace(gpu.SMALL, blocks=(block,)))
    assert gpu.run(rounds=2, root=None, json_path=None, small=True, parts=["equality"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_the_table_shows_the_worst_of_many_cases_and_the_ratio_to_the_peer():
    rows = [
        gpu.Row("equality", "graphs: a", "float32", "dense", error=1e-7, limit=1e-5),
        gpu.Row("equality", "graphs: b", "float32", "dense", error=3e-6, limit=1e-5),
        gpu.Row("edges", "e", "float32", "edges", [1.0, 2.0], limit=1e-4),
        gpu.Row("edges", "e", "float32", "PyG TransformerConv", [3.0, 6.0], limit=1e-4),
    ]
    lines = gpu.table(rows, {})
    (equality,) = [line for line in lines if "equality" in line]
    assert "graphs, 2 cases" in equality and "3.0e-06 / 1e-05" in equality
    (ours,) = [line for line in lines if line.split()[3:4] == ["edges"]]
    assert " 3.00" in ours
