"""Run by test_sharded_commands in a process of its own: every command on one device and on many."""

import json
import pathlib
import sys

import jax
import numpy as np

from gtx import Predictor, recipes
from tests import trained
from tests.cli import commands

DEVICES = jax.local_device_count()
FOLDER, ALL = pathlib.Path(sys.argv[1]), "all" in sys.argv
SMALL = (
    "--config=configs/smoke.py",
    "--config.data.num_graphs=30",
    "--config.data.min_size=1",
    "--config.data.max_size=3",
    "--config.model.dim=8",
    "--config.model.num_layers=1",
    "--config.model.num_heads=2",
    "--config.model.local=gcn",
    # A bias before a batch norm has gradient 0 up to rounding, of which Adam makes whole steps.
    "--config.model.norm=layer",
    "--config.encodings_used=none",
    "--config.batch.num_tiers=1",
    "--config.training.num_epochs=2",
    "--config.training.steps_per_call=2",
)
SWEEP = """
RECIPE = "configs/smoke.py"


def get_sweep():
    small = {small}
    return [{{**small, "batch.num_shards": shards}} for shards in ({devices},)]
"""


def command(name, *arguments):
    code = commands.run(name, *arguments)
    if code:
        sys.exit(f"{name} ended with {code}")


def run(shards, *more):
    """Train, evaluate and, of all, describe: what the files say, and predictions of the model."""
    workdir = FOLDER / "_".join(["run", str(shards), *more]).replace("--config.", "")
    flags = (*SMALL, f"--config.batch.num_shards={shards}", *more)
    command("train", *flags, f"--workdir={workdir}")
    scores, figures = workdir / "scores.json", workdir / "figures.json"
    metrics = json.loads((workdir / "metrics.json").read_text())
    kept = ("train", "valid", "test", "steps", "attention", "parameters")
    found = {name: metrics[name] for name in kept}
    if shards != 1 or ALL:
        command("evaluate", f"--workdir={workdir}", "--split=test", f"--json={scores}")
        assert json.loads(scores.read_text())["test"] == found["test"]
    if ALL and not more:
        command("describe", *flags, f"--json={figures}")
        described = json.loads(figures.read_text())
        assert described["parameters"]["total"] == found["parameters"]
        assert described["batches"]["num_shards"] == shards
    graphs = recipes.load(trained.node_config()).dataset
    return {**found, "predictions": Predictor.load(workdir)(graphs).tolist()}


def molecules(shards):
    """Scores and predictions of molecules, whose command reads SMILES."""
    path = FOLDER / "molecules.csv"
    path.write_text("smiles,logS\n" + "".join(f"{s},{len(s)}\n" for s in trained.SMILES))
    config = trained.config(path)
    config.batch.num_shards = shards
    config.model.norm = "layer"
    recipe = FOLDER / "recipe.json"
    recipe.write_text(config.to_json())
    source = FOLDER / "recipe.py"
    source.write_text(
        "import json, pathlib\nfrom ml_collections import ConfigDict\n\n\n"
        f"def get_config():\n    return ConfigDict(json.loads(pathlib.Path({str(recipe)!r})"
        ".read_text()))\n"
    )
    workdir, output = FOLDER / f"molecules_{shards}", FOLDER / f"predictions_{shards}.csv"
    command("train", f"--config={source}", f"--workdir={workdir}")
    command("predict", f"--workdir={workdir}", f"--input={path}", f"--output={output}")
    rows = output.read_text().splitlines()[1:]
    metrics = json.loads((workdir / "metrics.json").read_text())
    return {"test": metrics["test"], "predicted": [float(row.split(",")[2]) for row in rows]}


def main():
    found = {"one": run(1), "many": run(DEVICES)}
    if ALL:
        found["streamed"] = run(DEVICES, "--config.batch.resident=False")
        found["plain"] = run(1, "--config.batch.stratified=False")
        found["plain_many"] = run(DEVICES, "--config.batch.stratified=False")
        # Eight graphs to train, one to choose and one to test, over all devices.
        found["few"] = run(0, "--config.data.num_graphs=10", "--config.training.num_epochs=1")
        found["molecules"], found["molecules_many"] = molecules(1), molecules(DEVICES)
        sweep, small = FOLDER / "sweep.py", {}
        for flag in SMALL[1:]:
            name, value = flag.removeprefix("--config.").split("=")
            small[name] = int(value) if value.isdecimal() else value
        sweep.write_text(SWEEP.format(small=small, devices=DEVICES))
        command("sweep", f"--config={sweep}", f"--workdir={FOLDER / 'sweep'}")
        trials = [json.loads(path.read_text()) for path in FOLDER.glob("sweep/*/metrics.json")]
        found["sweep"] = {trial["config"]["batch"]["num_shards"]: trial["test"] for trial in trials}
    assert np.isfinite(found["many"]["predictions"]).all()
    (FOLDER / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())
