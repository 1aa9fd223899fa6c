"""The benchmark of parsing: both read the same molecules, and the ratios are those of the rates."""

import json
import time

import pytest

from experiments.benchmarks import smiles

SOME = ["CCO", "c1ccccc1", "C[C@H](N)C(=O)O"]
pytest.importorskip("rdkit")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "moses").mkdir()
    lines = "\n".join(["SMILES,SPLIT", *(f"{text},test" for text in SOME)])
    (tmp_path / "moses" / "test.csv").write_text(lines + "\n")
    return str(tmp_path)


def test_molecules_are_repeated_and_the_ratio_is_of_rates(root):
    given, name = smiles.texts(root, 5)
    assert (given, name) == ([*SOME, *SOME[:2]], "MOSES")
    assert smiles.by_rdkit([*given, "C1"], 0) == 5  # one is no molecule
    found = smiles.ratios(given, 0, 2, time.process_time)
    theirs, ours = found["rates"]["RDKit"], found["rates"]["gtx"]
    assert found["ratio"] == pytest.approx([g / r for g, r in zip(ours, theirs, strict=True)])


@pytest.mark.slow
def test_it_prints_and_writes_each_way(root, tmp_path, capsys):
    path = tmp_path / "rates.json"
    found = smiles.run(rounds=1, root=root, json_path=str(path), num_molecules=5)
    said = capsys.readouterr().out
    for row in ("processor time, 0 workers", "1 cores, 0 workers", "1 cores, 1 workers"):
        assert found[row]["ratio"] and f"{row}: RDKit" in said
    assert json.loads(path.read_text())["num_molecules"] == 5
