"""Run a sweep, or go on with one: `python -m experiments.sweep --config=... --workdir=...`."""

import csv
import pathlib
import sys
from collections.abc import Sequence

from absl import flags
from rich.console import Console
from rich.table import Table

from experiments import launch, report
from gtx import sweeps, training

_CONFIG = flags.DEFINE_string("config", None, "The sweep file: RECIPE and get_sweep().")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the sweep; it goes on if it exists.")
_WORKERS = flags.DEFINE_integer("workers", 1, "Trials at a time.", lower_bound=1)


def main(argv: Sequence[str]) -> int:
    del argv
    recipe, trials = sweeps.load(_CONFIG.value)
    workdir = pathlib.Path(_WORKDIR.value)
    console = Console()

    def command(overrides: sweeps.Overrides, folder: pathlib.Path) -> list[str]:
        fields = [f"--config.{name}={value}" for name, value in overrides.items()]
        return [
            sys.executable, "-m", "experiments.train",
            f"--config={recipe}", *fields, f"--workdir={folder}",
        ]  # fmt: skip

    def told(trial: sweeps.Trial) -> None:
        outcome = f"{trial.score:.4g}" if trial.status == "done" else trial.reason.splitlines()[-1]
        console.print(f"{trial.folder.name} {trial.status}: {outcome}", highlight=False)

    console.print(f"{len(trials)} trials of {recipe}, {_WORKERS.value} at a time")
    with training.folder_lock(workdir):
        ended = sweeps.run(trials, workdir, command, workers=_WORKERS.value, told=told)
    fields = list(dict.fromkeys(name for trial in ended for name in trial.overrides))
    _print(console, ended, fields)
    _write(workdir / "trials.csv", ended, fields)
    if set(fields) & set(sweeps.REPEATS):
        _print_groups(console, sweeps.grouped(ended))
    done = [trial for trial in ended if trial.status == "done"]
    if not done:
        print("error: every trial failed; see log.txt in its folder.", file=sys.stderr)
        return 1
    report.plot_sweep(workdir / "trials.png", done, fields)
    best = workdir / "best.py"
    best.write_text(sweeps.best_config_source(recipe, done[0]))
    print(f"Best config: {best}. Next: look at {workdir / 'trials.png'}, then train it.")
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
        outcome = f"{trial.score:.4f}" if trial.status == "done" else "failed"
        table.add_row(*values, outcome, trial.folder.name)
    console.print(table)


def _print_groups(console: Console, groups: Sequence[sweeps.Group]) -> None:
    """Mean and deviation over seeds or folds, on the test part too: what a comparison reports."""
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
            *(f"{mean:.4f} ± {deviation:.4f}" for mean, deviation in summaries),
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


if __name__ == "__main__":
    flags.mark_flags_as_required(["config", "workdir"])
    launch.run(main)
