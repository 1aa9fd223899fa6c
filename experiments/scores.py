"""Scores by the published protocol: `python -m experiments.scores --root=data --minutes=60`.

Every row of docs/scores.md (`experiments.score_rows`) is a recipe that is trained several times, by
the command `gtx train` that the page shows. Each finished run leaves an entry in docs/scores.json
and is not trained again: delete it to repeat it. A run that was interrupted goes on. With `--only=`
nothing is trained and the page is written anew.
"""

import json
import math
import os
import pathlib
import shlex
import statistics
import sys
import time
from typing import Any

import jax
from absl import flags
from absl.flags import FlagValues

from experiments.benchmarks import measure
from experiments.benchmarks.memory import peak_memory
from experiments.learning import run_process
from experiments.score_rows import ROWS, TABLES, Row
from gtx.cli import outcome
from gtx.cli.command import Command, execute
from gtx.cli.exit_codes import leave
from gtx.cli.reading import UsageError

ROOT = pathlib.Path(__file__).parents[1]
PAGE, SCORES = ROOT / "docs" / "scores.md", ROOT / "docs" / "scores.json"
PASSED_ON = ("root", "workdir", "to")  # flags
IN_PERCENT = ("accuracy", "roc_auc")
PARTS = ("train", "valid", "test")


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "Folder of the datasets; $GTX_DATA by default.", flag_values=values
    )
    flags.DEFINE_list("only", list(ROWS), "Rows, in this order.", flag_values=values)
    flags.DEFINE_integer(
        "runs", 0, "Train so many runs of a row at most; 0: all.", lower_bound=0, flag_values=values
    )
    flags.DEFINE_float(
        "minutes", 0.0, "Begin no run after so many minutes; 0: no limit.", lower_bound=0.0,
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string("workdir", "runs/scores", "Folder of the runs.", flag_values=values)
    flags.DEFINE_string("to", str(SCORES), "File of the scores.", flag_values=values)
    flags.DEFINE_string("worker", "", "Train this row in this process.", flag_values=values)
    flags.DEFINE_string("compiled", "", "Keep compiled programs here.", flag_values=values)
    flags.DEFINE_float("until", math.inf, "Begin no run after this time.", flag_values=values)


def main(values: FlagValues) -> int:
    if values.root is None:
        values.root = os.environ.get("GTX_DATA", "data")
    only = [name for name in values.only if name]
    unknown = [name for name in only if name not in ROWS]
    if unknown:
        raise UsageError(f"--only: there is no row {unknown[0]}; there are {', '.join(ROWS)}.")
    if values.worker:
        return train(ROWS[values.worker], values)
    until = time.time() + 60 * values.minutes if values.minutes else math.inf
    failed = []
    for name in only:
        if time.time() > until or not missing(ROWS[name], values):
            continue
        given = [f"--{flag}={getattr(values, flag)}" for flag in (*PASSED_ON, "runs")]
        command = [sys.executable, "-m", "experiments.scores", f"--worker={name}", *given]
        command += [f"--until={until}", f"--compiled={values.workdir}/compiled"]
        if run_process(command):
            failed.append(name)
        if pathlib.Path(values.to) == SCORES:
            write_page()
    if pathlib.Path(values.to) == SCORES:
        write_page()
    if failed:
        print(f"error: {', '.join(failed)} failed; the reason is above.", file=sys.stderr)
    return int(bool(failed))


def missing(row: Row, values: FlagValues) -> list[str]:
    """The runs of a row that are still to be trained."""
    found = scores(values.to).get(row.name, {})
    runs = row.runs[: values.runs] if values.runs else row.runs
    return [run for run in runs if run not in found]


def train(row: Row, values: FlagValues) -> int:
    """Train the missing runs of a row; each leaves an entry when it ends."""
    if values.compiled:
        # Runs of a row differ in their data alone, and so the first compiles for all.
        jax.config.update("jax_compilation_cache_dir", values.compiled)
    for run in missing(row, values):
        if time.time() > values.until:
            break
        folder = pathlib.Path(values.workdir) / row.name / str(row.runs.index(run))
        code, found = (forest if row.forest else trained)(row, run, values.root, folder)
        if code:
            return code
        all_scores = scores(values.to)
        all_scores.setdefault(row.name, {})[run] = {
            **found,
            "command": command(row, run),
            "peak_memory": peak_memory(),
            **measure.machine(),
        }
        outcome.write_json(values.to, all_scores)
    return 0


def trained(row: Row, run: str, root: str, folder: pathlib.Path) -> tuple[int, dict[str, Any]]:
    """The exit code of `gtx train`, and what it leaves behind."""
    from gtx.cli import train as gtx_train

    about = Command("gtx train", "", gtx_train.define, gtx_train.main)
    since = time.process_time()
    code = execute(about, [*row.flags(run, root), f"--workdir={folder}"])
    if code:
        return code, {}
    told = json.loads((folder / "metrics.json").read_text())
    metric = told["main_metric"]
    each = told.get("seeds", {str(told.get("seed")): told})
    return 0, dict(
        metric=metric,
        scores={
            seed: {part: found[part][metric] for part in PARTS} | {"epochs": found["epochs"]}
            for seed, found in each.items()
        },
        num_epochs=told["config"]["training"]["num_epochs"],
        parameters=told["parameters"],
        seconds=told["train_seconds"] + told["evaluate_seconds"] + told["compile_seconds"],
        # Of a run that went on this process has seen the end alone.
        cpu_seconds=None if told["resumed_from"] else time.process_time() - since,
    )


def forest(row: Row, run: str, root: str, folder: pathlib.Path) -> tuple[int, dict[str, Any]]:
    """Scores of a random forest on the data of a recipe."""
    from gtx import recipes
    from gtx.cli import baseline, recipe_flag, shared_flags
    from gtx.cli.reading import read

    del folder
    values = FlagValues()
    shared_flags.define(values)
    recipe_flag.define(values)
    read("gtx train", values, row.flags(run, root), words=False)
    config = values.config
    since, cpu_since = time.perf_counter(), time.process_time()
    graphs = recipes.load(config).dataset
    task = recipes.task(config, graphs.spec)
    found = baseline.forest_scores(graphs, task, seed=config.seed)
    return 0, dict(
        metric=task.main_metric,
        scores={str(config.seed): {"test": found[task.main_metric]}},
        num_epochs=None,
        parameters=None,
        seconds=time.perf_counter() - since,
        cpu_seconds=time.process_time() - cpu_since,
    )


def command(row: Row, run: str) -> str:
    """What a person types for a run."""
    if row.forest:
        return f"python -m experiments.scores --only={row.name}"
    return shlex.join(["gtx", "train", *row.flags(run, "data"), f"--workdir=runs/{row.name}"])


def table(name: str, found: dict[str, Any]) -> str:
    """The rows of a table that were measured, in Markdown, and their commands."""
    lines = [
        "| data | model | runs | test score | published | parameters | epochs | minutes "
        "| memory, MB | date |",
        "|" + "---|" * 10,
    ]
    commands: list[str] = []
    for row in TABLES[name]:
        entries = {run: found[row.name][run] for run in row.runs if run in found.get(row.name, {})}
        if not entries:
            continue
        lines.append(f"| {' | '.join(cells(row, list(entries.values())))} |")
        if not row.forest:
            commands.append(next(iter(entries.values()))["command"])
    if len(lines) == 2:
        return "No row of this table was trained yet."
    return "\n".join([*lines, "", "```bash", *commands, "```"] if commands else lines)


def cells(row: Row, entries: list[dict[str, Any]]) -> list[str]:
    """The cells of a row."""
    metric = entries[0]["metric"]
    tests = [score["test"] for entry in entries for score in entry["scores"].values()]
    times = [entry["cpu_seconds"] or entry["seconds"] for entry in entries]
    bound = "≤ " if any(entry["cpu_seconds"] is None for entry in entries) else ""
    number = len(tests) if len(entries) == 1 else 1  # of seeds in one run
    epochs = [entry["num_epochs"] for entry in entries]
    seen = [s["epochs"] for entry in entries for s in entry["scores"].values() if "epochs" in s]
    stopped = bool(seen) and min(seen) < epochs[0]
    told = " to ".join(map(str, sorted({min(seen, default=0), max(seen, default=0)})))
    parameters = entries[0]["parameters"]
    return [
        row.data,
        row.model,
        f"{len(tests)} of {row.planned} {row.kind}",
        f"{spread(tests, metric)} ({metric.replace('_', ' ')})",
        row.published or "-",
        "-" if parameters is None else f"{parameters:,}",
        "-" if not seen else told if stopped else str(epochs[0]),
        f"{bound}{statistics.median(times) / number / 60:.1f}",
        f"{max(entry['peak_memory'] for entry in entries) / 1e6:.0f}",
        max(entry["date"] for entry in entries),
    ]


def spread(values: list[float], metric: str) -> str:
    """Mean ± standard deviation, in percent or in the units of an error."""
    factor, digits = (100, 1) if metric in IN_PERCENT else (1, 3)
    mean = f"{factor * statistics.fmean(values):.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ± {factor * statistics.stdev(values):.{digits}f}"


def write_page() -> None:
    """Replace the tables of the page by those of the scores."""
    found, page = scores(SCORES), PAGE.read_text()
    for name in TABLES:
        start, end = (f"<!-- {name}: {side} -->" for side in ("start", "end"))
        before, rest = page.split(start)
        page = f"{before}{start}\n{table(name, found)}\n{end}{rest.split(end)[1]}"
    PAGE.write_text(page)


def scores(path: str | pathlib.Path) -> dict[str, Any]:
    """What was measured so far, by row and run."""
    path = pathlib.Path(path)
    return json.loads(path.read_text()) if path.exists() else {}


COMMAND = Command("python -m experiments.scores", __doc__ or "", define, main)

if __name__ == "__main__":
    leave(execute(COMMAND, sys.argv[1:]))
