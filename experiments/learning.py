"""Trains many models on ZINC-12k with one budget: `python -m experiments.learning --root=data`.

Each recipe keeps its own batch size, learning rate and weight decay. All train on the same graphs
for the same number of epochs, from the same seed, and are scored on the whole validation part.
Schedules are shortened to these epochs, and a warm-up to a tenth of them at most. Each run is a
process of its own and leaves an entry in docs/learning.json, from which `python -m
experiments.models` writes docs/models.md. What has its entry is not trained again: delete it to
repeat the run. A run that was interrupted goes on.

With --num_train=0 --num_epochs=60 --only=zinc_grit it is one whole schedule on all molecules.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax
from absl import flags
from absl.flags import FlagValues
from ml_collections import ConfigDict
from rich.console import Console

from experiments.benchmarks import measure
from experiments.benchmarks.memory import peak_memory
from gtx import recipes, training
from gtx.cli import outcome
from gtx.cli.command import Command, execute
from gtx.cli.exit_codes import leave
from gtx.cli.reading import UsageError
from gtx.recipes import files
from gtx.training.hooks.base import ChunkReport, EpochTiming, RunInfo

ROOT = pathlib.Path(__file__).parents[1]
SCORES = ROOT / "docs" / "learning.json"
RECIPES = (
    "zinc_gps", "zinc_grit", "zinc_gt", "zinc_ppgt", "zinc_gdt", "zinc_graphormer",
    "zinc_gatedgcn_plus", "zinc_gin_plus", "zinc_egt", "zinc_exphormer", "zinc_san",
)  # fmt: skip
BUDGET = ("num_epochs", "num_train", "batch_size", "evaluate_every", "seed")  # flags
WARM_UP = 0.1  # of the epochs, at most


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "Folder that holds zinc12k/; $GTX_DATA by default.", flag_values=values
    )
    flags.DEFINE_list("only", list(RECIPES), "Recipes, in this order.", flag_values=values)
    flags.DEFINE_integer("num_epochs", 20, "Epochs.", lower_bound=1, flag_values=values)
    flags.DEFINE_integer(
        "num_train", 1000, "Molecules to train on; 0 takes all 10,000.", lower_bound=0,
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_integer(
        "batch_size", 0, "Molecules in a step; 0 takes that of the recipe.", lower_bound=0,
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_integer(
        "evaluate_every", 4, "Epochs between scores.", lower_bound=1, flag_values=values
    )
    flags.DEFINE_integer("seed", 0, "Seed of every run.", lower_bound=0, flag_values=values)
    flags.DEFINE_string("workdir", "runs/learning", "Folder of the runs.", flag_values=values)
    flags.DEFINE_string("to", str(SCORES), "File of the scores.", flag_values=values)
    flags.DEFINE_string("worker", "", "Train this recipe in this process.", flag_values=values)


def main(values: FlagValues) -> int:
    if values.root is None:
        values.root = os.environ.get("GTX_DATA", "data")
    if values.worker:
        run(values.worker, values)
        return 0
    unknown = [name for name in values.only if not (ROOT / "configs" / f"{name}.py").exists()]
    if unknown:
        raise UsageError(f"--only: there is no configs/{unknown[0]}.py; name recipes of ZINC.")
    console, failed = Console(), []
    for name in values.only:
        if run_name(name, values) not in scores(values.to):
            arguments = [
                f"--{flag}={getattr(values, flag)}" for flag in ("root", *BUDGET, "workdir", "to")
            ]
            command = [sys.executable, "-m", "experiments.learning", f"--worker={name}", *arguments]
            if run_process(command):
                failed.append(name)
                continue
        found = scores(values.to)[run_name(name, values)]["valid_mae"]
        console.print(f"{name}: validation MAE {found:.3f}", highlight=False)
    if failed:
        print(f"error: {', '.join(failed)} failed; the reason is above.", file=sys.stderr)
    return int(bool(failed))


def run_process(command: Sequence[str]) -> int:
    """The exit code of a process. It saves its run before this one obeys a signal."""
    # In a session of its own Ctrl-C does not reach it: a second signal would stop it at once.
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as process:
        try:
            return process.wait()
        except (KeyboardInterrupt, SystemExit):
            process.terminate()
            process.wait()
            raise


def budget(config: ConfigDict, values: FlagValues) -> ConfigDict:
    """A copy of a recipe with the budget that all share."""
    config = ConfigDict(config.to_dict())
    config.seed = values.seed
    config.data.root = values.root
    config.data.num_train = values.num_train
    config.training.num_epochs = values.num_epochs
    config.training.evaluate_every = values.evaluate_every
    config.training.checkpoint_every = values.evaluate_every
    config.training.select = "best"
    config.optimizer.warmup_epochs = min(
        float(config.optimizer.warmup_epochs), WARM_UP * values.num_epochs
    )
    if values.batch_size:
        config.batch.size = values.batch_size
    return config


def run(name: str, values: FlagValues) -> None:
    """Train one recipe, and add to the file of scores what docs/models.md says of it."""
    config = budget(files.recipe(str(ROOT / "configs" / f"{name}.py")), values)
    prepared = recipes.prepare(config)
    graphs, costs = prepared.dataset, Costs()
    train, sizes = graphs.part("train"), recipes.budget(config, graphs)
    settings = config.training
    result = training.fit(
        recipes.model(config, graphs.spec),
        recipes.task(config, graphs.spec),
        recipes.batches(config, train, sizes),
        graphs.part("valid"),
        optimizer=recipes.optimizer(config, -(-len(train) // sizes.batch_size)),
        num_epochs=settings.num_epochs,
        workdir=pathlib.Path(values.workdir) / run_name(name, values),
        seeds=recipes.seeds(config),
        steps_per_call=settings.steps_per_call,
        evaluate_every=settings.evaluate_every,
        checkpoint_every=settings.checkpoint_every,
        select=settings.select,
        recipe=recipes.recipe(config, prepared),
        hooks=[training.ProgressBar(), training.JsonLines(), costs],
    )
    typed = [f"--{flag}={getattr(values, flag)}" for flag in BUDGET]
    found = dict(
        recipe=name,
        model=config.model.name,
        valid_mae=result.best_score,
        best_epoch=result.best_epoch,
        train_loss=result.history[-1]["loss"],
        parameters=sum(leaf.size for leaf in jax.tree.leaves(result.variables["params"])),
        batch_size=config.batch.size,
        learning_rate=config.optimizer.learning_rate,
        **{flag: getattr(values, flag) for flag in BUDGET if flag != "batch_size"},
        seconds_per_epoch=statistics.median(costs.seconds),
        cpu_seconds_per_epoch=statistics.median(costs.cpu_seconds),
        peak_memory=peak_memory(),
        command=f"python -m experiments.learning --only={name} {' '.join(typed)}",
        **measure.machine(),
    )
    outcome.write_json(values.to, {**scores(values.to), run_name(name, values): found})


class Costs(training.Hook):
    """The time of each epoch's training, by the clock and of the processor.

    Attributes:
      seconds: by the clock, which counts what else the machine does.
      cpu_seconds: of this process, which with one thread is the time on an idle core. That of the
        first epoch counts compilation too.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self._since, self._sum = time.process_time(), 0.0

    def start(self, run: RunInfo) -> None:
        self._since = time.process_time()

    def chunk(self, report: ChunkReport) -> None:
        now = time.process_time()
        self._sum, self._since = self._sum + now - self._since, now

    def epoch(self, entry: Mapping[str, Any], timing: EpochTiming) -> None:
        self.seconds.append(timing.train_seconds)
        self.cpu_seconds.append(self._sum)
        self._since, self._sum = time.process_time(), 0.0


def run_name(name: str, values: FlagValues) -> str:
    """One name for each budget, so that no run goes on with another's."""
    batch = f"_batch{values.batch_size}" if values.batch_size else ""
    graphs = values.num_train or "all"
    return f"{name}_{graphs}x{values.num_epochs}{batch}_seed{values.seed}"


def scores(path: str | pathlib.Path) -> dict[str, Any]:
    """What was measured so far, by the name of the run."""
    path = pathlib.Path(path)
    return json.loads(path.read_text()) if path.exists() else {}


COMMAND = Command("python -m experiments.learning", __doc__ or "", define, main)

if __name__ == "__main__":
    leave(execute(COMMAND, sys.argv[1:]))
