"""gtx beside chemprop: `python -m experiments.benchmarks.chemprop --root=data --minutes=60`.

Both get the same molecules, the same split and the same seed, as files and commands that a user
would type; trees on fingerprints stand beside them. What each does with its defaults is measured:
nothing was tuned on these sets but solubility. Every finished run leaves an entry in
docs/chemprop.json and is not repeated; docs/chemprop.md holds the tables. chemprop (Heid et al.
2024, version 2) has requirements of its own, so give the program of another environment:

    python -m venv chemprop && chemprop/bin/pip install chemprop
    python -m experiments.benchmarks.chemprop --root=data --chemprop=chemprop/bin/chemprop
"""

import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
from absl import flags
from absl.flags import FlagValues

from experiments.benchmarks import measure
from experiments.benchmarks.molecule_tools import (
    DATA,
    Problem,
    Program,
    Trees,
    labels,
    read,
    score,
    tools,
    write,
)
from gtx.cli import compilation_cache, outcome
from gtx.cli.command import Command, execute
from gtx.cli.exit_codes import leave
from gtx.cli.reading import UsageError
from gtx.data import SPLITS, Dataset, splits
from gtx.data.smiles import parse
from gtx.data.sources import MoleculeNet, Solubility

ROOT = pathlib.Path(__file__).parents[2]
PAGE, FOUND = ROOT / "docs" / "chemprop.md", ROOT / "docs" / "chemprop.json"
REGRESSION = ("solubility", "esol", "freesolv", "lipo")
SETS = (*REGRESSION, "bbbp", "bace", "tox21", "clintox")
ROWS = tuple(f"{name}/{split}" for name in SETS for split in ("random", "scaffold"))
SEEDS = 5
MANY = 10_000  # molecules whose prediction is timed
PARTS = dict(zip(SPLITS, ("train", "val", "test"), strict=True))  # as chemprop calls them


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "Folder of the datasets; $GTX_DATA by default.", flag_values=values
    )
    flags.DEFINE_string("chemprop", "chemprop", "The program chemprop.", flag_values=values)
    flags.DEFINE_list("only", list(ROWS), "Rows, in this order.", flag_values=values)
    flags.DEFINE_list("tools", list(tools("")), "Tools, in this order.", flag_values=values)
    flags.DEFINE_integer("seeds", SEEDS, "So many seeds.", lower_bound=1, flag_values=values)
    flags.DEFINE_float(
        "minutes", 0.0, "Begin no run after so many minutes; 0: no limit.", lower_bound=0.0,
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string("workdir", "runs/chemprop", "Folder of the runs.", flag_values=values)
    flags.DEFINE_string("to", str(FOUND), "File of the results.", flag_values=values)


def main(values: FlagValues) -> int:
    root = values.root or os.environ.get("GTX_DATA", "data")
    known = tools(values.chemprop)
    for given, names, flag in ((values.only, ROWS, "only"), (values.tools, known, "tools")):
        for name in filter(None, given):
            if name not in names:
                raise UsageError(f"--{flag}: there is no {name!r}; there are {', '.join(names)}.")
    until = time.time() + 60 * values.minutes if values.minutes else math.inf
    version = ""  # of chemprop; it takes seconds to tell
    for seed in range(values.seeds):
        for row in filter(None, values.only):
            for name in filter(None, values.tools):
                found = results(values.to)
                if name in found.get(row, {}).get(str(seed), {}) or time.time() > until:
                    continue
                folder = (pathlib.Path(values.workdir) / row / str(seed)).absolute()
                problem = prepared(row, seed, root, folder)
                entry = measured(known[name], problem, rate=seed == 0)
                if name.startswith("chemprop"):
                    version = version or version_of(values.chemprop)
                    entry["versions"] = version
                found.setdefault(row, {}).setdefault(str(seed), {})[name] = entry
                outcome.write_json(values.to, found)
                print(f"{row}, seed {seed}, {name}: {entry['score']:.3f}", flush=True)
    if pathlib.Path(values.to) == FOUND:
        write_page()
    return 0


def prepared(row: str, seed: int, root: str, folder: pathlib.Path) -> Problem:
    """The files of a row. A random split is drawn by the seed; a scaffold split is one."""
    name, _, how = row.partition("/")
    graphs = load(name, root)
    graphs = splits.random(graphs, seed=seed) if how == "random" else splits.scaffold(graphs)
    table, label = graphs.targets, graphs.spec.label
    assert graphs.names is not None and table.labels is not None and label is not None
    targets = tuple(target.replace(",", ";") for target in label.names)
    kind = "regression" if name in REGRESSION else "classification"
    problem = Problem(folder, targets, kind, seed)
    if not (folder / DATA).exists():
        folder.mkdir(parents=True, exist_ok=True)
        smiles = graphs.names[graphs.target_graph].tolist()
        cells = [
            ["" if math.isnan(value) else repr(value) for value in values]
            for values in table.labels.tolist()
        ]
        parts = [PARTS[SPLITS[place]] for place in table.split.tolist()]
        rows = [
            dict(smiles=text, **dict(zip(targets, values, strict=True)), split=part)
            for text, values, part in zip(smiles, cells, parts, strict=True)
        ]
        for file, chosen in (
            ("test.csv", [given for given in rows if given["split"] == "test"]),
            ("many.csv", (rows * (MANY // len(rows) + 1))[:MANY]),
        ):
            write(folder / file, [dict(smiles=given["smiles"]) for given in chosen])
        write(folder / DATA, rows)
    return problem


def load(name: str, root: str) -> Dataset:
    """The molecules of a set that RDKit reads today, which is not all of Tox21."""
    graphs = (Solubility() if name == "solubility" else MoleculeNet(root, name)).load()
    assert graphs.names is not None
    _, errors = parse(graphs.names.tolist(), use=lambda molecule, text: None)
    return graphs.select(np.setdiff1d(np.arange(len(graphs)), list(errors)))


def measured(tool: Program | Trees, problem: Problem, *, rate: bool) -> dict[str, Any]:
    """Train and predict; with `rate` also the molecules that are predicted in a second."""
    wanted = labels([row for row in problem.rows() if row["split"] == "test"], problem.targets)
    if isinstance(tool, Trees):
        since, cpu_since = time.perf_counter(), time.process_time()
        predictions = tool.predictions(problem)
        costs = dict(
            seconds=time.perf_counter() - since, cpu_seconds=time.process_time() - cpu_since
        )
        entry: dict[str, Any] = dict(train=costs)
    else:
        command = tool.train(problem)
        entry = dict(train=timed(command, problem.folder), command=shown(command, problem))

        def predict(given: str) -> dict[str, float]:
            files = problem.folder / given, problem.folder / f"predicted_{given}"
            return timed(tool.predict(problem, *files), problem.folder)

        predict("test.csv")
        columns = [tool.column(target) for target in problem.targets]
        predictions = labels(read(problem.folder / "predicted_test.csv"), columns)
        if rate:
            entry["predict"] = predict("many.csv")
    return entry | dict(score=score(predictions, wanted, problem.kind), **measure.machine())


def timed(command: list[str], folder: pathlib.Path) -> dict[str, float]:
    """Run a program to its end: seconds, its processor time, and the most memory it took, bytes."""
    since = time.perf_counter()
    with open(folder / "output.txt", "a") as file:
        # What gtx keeps of earlier commands would be no part of the time.
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, compilation_cache.VARIABLE: "off"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise OSError(
            f"{command[0]} ended with {process.returncode}; {folder / 'output.txt'} has its words."
        )
    unit = 1 if sys.platform == "darwin" else 1024
    return dict(
        seconds=time.perf_counter() - since,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_memory=used.ru_maxrss * unit,
    )


def version_of(program: str) -> str:
    """Such as "chemprop 2.3.1"."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def shown(command: list[str], problem: Problem) -> str:
    """As a person would type it in the folder of the run."""
    words = [word.replace(f"{problem.folder}/", "") for word in command]
    program = "gtx" if words[0] == sys.executable else pathlib.Path(words[0]).name
    return " ".join([program, *words[3 if program == "gtx" else 1 :]])


def results(path: str | pathlib.Path) -> dict[str, Any]:
    """What was measured so far, by row, seed and tool."""
    path = pathlib.Path(path)
    return json.loads(path.read_text()) if path.exists() else {}


def table(found: dict[str, Any]) -> str:
    """A row of each set and split, a column of each tool: scores over seeds, and the costs."""
    known = tools("chemprop")
    lines = [
        "| data | " + " | ".join(tool.about for tool in known.values()) + " |",
        "|" + "---|" * (1 + len(known)),
    ]
    for row in ROWS:
        seeds = found.get(row, {})
        if seeds:
            cells = [
                cell([entry[name] for entry in seeds.values() if name in entry]) for name in known
            ]
            lines.append(f"| {row.replace('/', ', ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def cell(entries: list[dict[str, Any]]) -> str:
    """Mean ± deviation of the score and the number of seeds; seconds to train; molecules/s."""
    if not entries:
        return "-"
    scores = [entry["score"] for entry in entries]
    spread = f" ± {statistics.stdev(scores):.3f}" if len(scores) > 1 else ""
    text = f"{statistics.fmean(scores):.3f}{spread} ({len(scores)})"
    wall, busy = (
        statistics.median(entry["train"][name] for entry in entries)
        for name in ("seconds", "cpu_seconds")
    )
    text += f"; {wall:.0f} s ({busy:.0f} s)"
    rates = [MANY / entry["predict"]["seconds"] for entry in entries if "predict" in entry]
    return text + (f"; {statistics.median(rates):,.0f}/s" if rates else "")


def write_page() -> None:
    """Replace the table of the page."""
    start, end = "<!-- table: start -->", "<!-- table: end -->"
    before, rest = PAGE.read_text().split(start)
    PAGE.write_text(f"{before}{start}\n{table(results(FOUND))}\n{end}{rest.split(end)[1]}")


COMMAND = Command("python -m experiments.benchmarks.chemprop", __doc__ or "", define, main)

if __name__ == "__main__":
    leave(execute(COMMAND, sys.argv[1:]))
