"""A run whose model reads further columns of its CSV file, by every command."""

import contextlib
import csv
import json

import numpy as np
import pytest

from configs import csv_molecules
from gtx import Predictor, recipes
from gtx.cli.predict_molecules import predict_file
from gtx.data import CsvError, DatasetError, MoleculeWarning
from tests.cli import commands
from tests.trained import SMILES, invented, shrink

pytest.importorskip("rdkit", reason="molecules need RDKit (extra: molecules)")
pytestmark = pytest.mark.usefixtures("quick_compilation")

SMALL = (
    "--config=configs/csv_molecules.py",
    "--config.data.target=y",
    "--config.data.descriptors=()",
    '--config.data.columns="T/K, dry",solvent',
    "--config.data.split=column",
    "--config.encodings_used=none",
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.num_heads=2",
    "--config.model.dropout_rate=0.0",
    "--config.model.attention_dropout_rate=0.0",
    "--config.model.readout_dropout_rate=0.0",
    "--config.batch.size=20",
    "--config.batch.num_tiers=1",
    "--config.optimizer.learning_rate=0.02",
    "--config.optimizer.weight_decay=0.0",
    "--config.optimizer.ema_decay=0.0",
    "--config.optimizer.warmup_epochs=1.0",
    "--config.training.num_epochs=40",
    "--config.training.evaluate_every=40",
    "--config.training.checkpoint_every=40",
    "--config.training.seeds=(0, 1)",
)
FIRST = "seed_0"


def write(path):
    """A file whose target depends on the columns alone."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        print('split,smiles,y,solvent,"T/K, dry"', file=file)
        for number in range(120):
            kelvin, water = rng.uniform(280, 320), rng.random() < 0.5
            y = (kelvin - 300) / 10 + (2 if water else -2)
            part = "train" if number < 80 else "valid" if number < 100 else "test"
            solvent = "water" if water else "DMSO"
            print(part, SMILES[number % len(SMILES)], y, solvent, kelvin, sep=",", file=file)


@pytest.fixture(scope="module")
def run(tmp_path_factory, quick_compilation):
    """An ensemble, and its file."""
    folder = tmp_path_factory.mktemp("columns")
    write(folder / "mine.csv")
    arguments = [f"--config.data.path={folder / 'mine.csv'}", f"--workdir={folder / 'run'}"]
    with open(folder / "printed.txt", "w") as file, contextlib.redirect_stdout(file):
        assert commands.run("train", *SMALL, *arguments) == 0
    return folder


def test_the_next_command_is_one_that_works(run):
    last = (run / "printed.txt").read_text().splitlines()[-1]
    assert last.startswith("Next: ") and "--input=" in last and "--smiles" not in last


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    """A model with such columns and invented parameters."""
    path = tmp_path_factory.mktemp("invented") / "mine.csv"
    write(path)
    config = shrink(csv_molecules.get_config())
    config.encodings_used = "none"
    fields = dict(path=str(path), target="y", columns='"T/K, dry",solvent', split="column")
    config.data.update({**fields, "descriptors": ()})
    return invented(recipes.recipe(config, recipes.prepare(config)))


def rows_of(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.mark.slow
def test_what_depends_on_the_columns_alone_is_learned(run):
    metrics = json.loads((run / "run" / "metrics.json").read_text())
    assert metrics["test"]["r2"] > 0.9


@pytest.mark.slow
def test_a_file_is_predicted_as_it_is_evaluated(run, tmp_path):
    workdir = f"--workdir={run / 'run'}"
    output = tmp_path / "out.csv"
    files = [f"--input={run / 'mine.csv'}", f"--output={output}"]
    assert commands.run("predict", workdir, *files) == 0
    rows = rows_of(output)
    assert not any(row["error"] for row in rows)
    test = [row for row in rows if row["split"] == "test"]
    errors = [float(row["y_predicted"]) - float(row["y"]) for row in test]
    scores = tmp_path / "scores.json"
    assert commands.run("evaluate", workdir, f"--json={scores}") == 0
    known = json.loads(scores.read_text())["test"]["rmse"]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(known, rel=1e-4)
    # The same rows with one category less: the other one keeps its number.
    with (run / "mine.csv").open() as file:
        lines = file.readlines()
    kept = [line for line in lines if ",DMSO," not in line]
    (run / "mine.csv").write_text("".join(kept))
    try:
        flags = ["--other_data", f"--json={scores}"]
        assert commands.run("evaluate", workdir, *flags) == 0
    finally:
        (run / "mine.csv").write_text("".join(lines))
    errors = [error for error, row in zip(errors, test, strict=True) if row["solvent"] == "water"]
    known = json.loads(scores.read_text())["test"]["rmse"]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(known, rel=1e-4)


ROWS = """T/K, dry|solvent|smiles
290|water|CCO
310|water|CCO
310|WATER|CCO
310|DMSO|CCO
|water|CCO
warm|water|CCO
310|hexane|CCO
310|water|C(C
"""


@pytest.fixture
def source(tmp_path):
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows(line.split("|") for line in ROWS.splitlines())
    return tmp_path / "in.csv"


def test_rows_without_a_value_get_a_reason(predictor, source, tmp_path):
    output = tmp_path / "out.csv"
    assert predict_file(predictor, str(source), str(output)) == 3
    rows = rows_of(output)
    assert [row["error"] for row in rows[:-1]] == [
        "", "", "", "",
        "column 'T/K, dry' is empty",
        "column 'T/K, dry' holds 'warm', which is no finite number",
        "column 'solvent' holds 'hexane', which the training data do not have; they have 'DMSO', "
        "'water'",
    ]  # fmt: skip
    assert rows[-1]["error"] and not any(row["y_predicted"] for row in rows[4:])
    found = [float(row["y_predicted"]) for row in rows[:4]]
    assert len({found[0], found[1], found[3]}) == 3 and found[2] == found[1]
    columns = {"T/K, dry": [290, 310.0, None], "solvent": ["water", "DMSO", "water"]}
    values, errors = predictor.smiles(["CCO"] * 3, columns=columns)
    np.testing.assert_allclose(values[:2, 0], [found[0], found[3]], rtol=1e-6)
    assert errors == {2: "column 'T/K, dry' is empty"} and np.isnan(values[2, 0])
    (tmp_path / "bare.csv").write_text('smiles,"T/K, dry"\nC,300\n')
    with pytest.raises(CsvError, match="bare.csv: there is no column 'solvent', which this model"):
        predict_file(predictor, str(tmp_path / "bare.csv"), str(output))


@pytest.mark.slow
def test_vectors_and_explanations_read_the_columns(run, source, tmp_path, capsys):
    workdir = f"--workdir={run / 'run' / FIRST}"
    vectors = tmp_path / "vectors.npz"
    assert commands.run("embed", workdir, f"--input={source}", f"--output={vectors}") == 3
    found = np.load(vectors)
    dataset, errors = Predictor.load(run / "run" / FIRST).molecules(
        ["CCO"] * 2, columns={"T/K, dry": [290, 310], "solvent": ["water", "DMSO"]}
    )
    assert not errors
    expected = Predictor.load(run / "run" / FIRST).embed(dataset)
    np.testing.assert_allclose(found["vectors"][[0, 3]], expected, rtol=1e-5, atol=1e-6)
    assert np.isnan(found["vectors"][4:]).all()
    folder = tmp_path / "explained"
    arguments = [f"--input={source}", f"--output={folder}", "--method=leave_one_out"]
    assert commands.run("explain", workdir, *arguments) == 3
    assert "error: row 6 ('CCO'): column 'T/K, dry' is empty." in capsys.readouterr().err
    told = [float(row["prediction"]) for row in rows_of(folder / "molecules.csv")]
    assert len(told) == 4
    np.testing.assert_allclose(
        [told[0], told[3]], Predictor.load(run / "run" / FIRST)(dataset)[:, 0], rtol=1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        (
            "predict",
            ["--smiles=C"],
            "also reads the columns ['T/K, dry', 'solvent'], which --smiles",
        ),
        ("explain", ["--smiles=C"], "Write them and the SMILES to a CSV file: --input."),
        ("predict", ["--input={}", "--output=o.csv"], "no column 'solvent', which this"),
        ("explain", ["--input={}"], "no column 'solvent', which this"),
        ("embed", ["--input={}", "--output=o.npz"], "no column 'solvent', which this"),
    ],
)
def test_molecules_without_the_columns_are_refused(
    run, tmp_path, monkeypatch, capsys, command, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bare.csv").write_text('smiles,"T/K, dry"\nC,300\n')
    folder = run / "run" / FIRST
    given = [each.format("bare.csv") for each in arguments]
    assert commands.run(command, f"--workdir={folder}", *given) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare.csv"]


def test_smiles_alone_are_refused_in_python_with_the_remedy(predictor):
    assert list(predictor.columns) == ["T/K, dry", "solvent"]
    for call in (predictor, predictor.smiles, predictor.dataset):
        with pytest.raises(DatasetError, match=r"predictor.smiles\(smiles, columns=\{'T/K, dry': "):
            call(["CCO"])
    with pytest.raises(DatasetError, match="has 1 values for 2 molecules"):
        predictor.smiles(["C", "CC"], columns={"T/K, dry": [300, 301], "solvent": ["water"]})
    with pytest.raises(DatasetError, match=r"and got \['T/K, dry'\]"):
        predictor.smiles(["C"], columns={"T/K, dry": [300]})


def test_a_number_far_from_those_of_training_is_told(predictor, tmp_path, capsys):
    columns = {"T/K, dry": [25, 290], "solvent": ["water", "water"]}
    with pytest.warns(MoleculeWarning, match="holds 25, which is .* standard deviations") as told:
        predictor.smiles(["CCO", "CCO"], columns=columns)
    assert [warning.message.place for warning in told] == [0]
    source = tmp_path / "in.csv"
    source.write_text('smiles,solvent,"T/K, dry"\nCCO,water,290\nCCO,water,25\n')
    assert predict_file(predictor, str(source), str(tmp_path / "out.csv")) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: row 3: column 'T/K, dry' holds 25, which is 2")
