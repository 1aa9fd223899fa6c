"""Train many variants of a recipe, or go on with a sweep.

    gtx sweep --config=configs/sweeps/solubility.py --workdir=runs/sweep

Every trial is a run in its own folder. If the sweep is started again, failed trials are tried
again. The best trial is written as a recipe, best.py, to the folder of the sweep. Trials that
differ only in a seed or a fold are one: their mean score counts, and best.py has the seed of the
recipe.
"""

import csv
import pathlib
import sys
from collections.abc import Sequence

from absl import flags
from absl.flags import FlagValues
from rich.console import Console
from rich.table import Table

from gtx import sweeps, training
from gtx.cli import pictures, shared_flags
from gtx.cli.outcome import score


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "config", None, "The sweep: a Python file that defines RECIPE and get_sweep().",
        required=True, flag_values=values,
    )  # fmt: skip
    shared_flags.define_workdir(values, "Folder of the sweep; a sweep that is there goes on.")
    flags.DEFINE_integer("workers", 1, "Trials at a time.", lower_bound=1, flag_values=values)


def main(values: FlagValues) -> int:
    recipe, trials = sweeps.load(values.config)
    workdir = pathlib.Path(values.workdir)
    console = Console()

    def command(overrides: sweeps.Overrides, folder: pathlib.Path) -> list[str]:
        fields = [f"--config.{name}={value}" for name, value in overrides.items()]
        return [
            sys.executable, "-m", "gtx", "train",
            *(f"--plugin={name}" for name in values.plugin),
            f"--config={recipe}", *fields, f"--workdir={folder}",
        ]  # fmt: skip

    def told(trial: sweeps.Trial) -> None:
        outcome = f"{trial.score:.4g}" if trial.status == "done" else trial.reason.splitlines()[-1]
        console.print(f"{trial.folder.name} {trial.status}: {outcome}", highlight=False)

    console.print(f"{len(trials)} trials of {recipe}, {values.workers} at a time")
    with training.folder_lock(workdir):
        sweeps.check_finished(recipe, trials, workdir)
        ended = sweeps.run(trials, workdir, command, workers=values.workers, told=told)
    fields = list(dict.fromkeys(name for trial in ended for name in trial.overrides))
    _print(console, ended, fields)
    _write(workdir / "trials.csv", ended, fields)
    if set(fields) & set(sweeps.REPEATS):
        _print_groups(console, sweeps.grouped(ended))
    done = [trial for trial in ended if trial.status == "done"]
    if not done:
        print("error: every trial failed; see log.txt in its folder.", file=sys.stderr)
        return 1
    pictures.sweep(workdir / "trials.png", done, fields)
    found, path = sweeps.best(done), workdir / "best.py"
    if found is None:
        print("note: no trial has a score on a validation part, so none is the best.")
        return 0
    path.write_text(sweeps.best_config_source(recipe, found))
    print(f"Best config: {path}. Next: look at {workdir / 'trials.png'}, then train it.")
    return 0


def _print(console: Console, trials: Sequence[sweeps.Trial], fields: Sequence[str]) -> None:
    metric = next((t.metrics["main_metric"] for t in trials if t.status == "done"), "score")
    table = Table(title="Trials, best first")
    for field in fields:
        table.add_column(field)
    table.add_column(f"valid {metric}", justify="right")
    table.add_column("folder")
    for trial in trials:
        values = [_short(trial.overrides.get(field, "")) for field in fields]
        found = score(trial.score) if trial.status == "done" else "failed"
        table.add_row(*values, found, trial.folder.name)
    console.print(table)


def _print_groups(console: Console, groups: Sequence[sweeps.Group]) -> None:
    """Print mean and standard deviation over seeds or folds, also on the test part."""
    fields = list(dict.fromkeys(name for group in groups for name in group.overrides))
    parts = [part for part in ("valid", "test") if groups and part in groups[0].trials[0].metrics]
    table = Table(title="Over seeds and folds: mean ± standard deviation")
    for name in fields:
        table.add_column(name)
    for name in ("runs", *parts, "parameters", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for group in groups:
        summaries = [group.summary(part) for part in parts]
        seconds = [trial.metrics["seconds"] for trial in group.trials]
        table.add_row(
            *(_short(group.overrides.get(name, "")) for name in fields),
            str(len(group.trials)),
            *(f"{score(mean)} ± {score(deviation)}" for mean, deviation in summaries),
            f"{group.trials[0].metrics['parameters']:,}",
            f"{sum(seconds) / len(seconds):.0f}",
        )
    console.print(table)


def _write(path: pathlib.Path, trials: Sequence[sweeps.Trial], fields: Sequence[str]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*fields, "status", "valid_score", "folder"])
        for trial in trials:
            values = [trial.overrides.get(field, "") for field in fields]
            writer.writerow([*values, trial.status, trial.score, trial.folder.name])


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
