"""Sweeps: makes, runs and ranks many trials of one recipe.

A sweep is a list of overrides, such as `{"model.num_layers": 5, ...}`, made by `grid`, `sample` or
any Python code. Every trial is a normal run in a folder that is named by a hash of its overrides.
A sweep that is started again therefore continues, and a sweep with new trials keeps the finished
ones.
"""

import concurrent.futures
import dataclasses
import hashlib
import itertools
import json
import math
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from ml_collections import ConfigDict

from gtx import recipes
from gtx.recipes import files

# Fields that only repeat an experiment with other random numbers or another fold.
REPEATS = ("seed", "data.fold", "data.split_seed", "data.test_fold")

Overrides = dict[str, Any]
Command = Callable[[Overrides, pathlib.Path], Sequence[str]]
Status = Literal["done", "failed"]


class SweepError(ValueError):
    """A sweep that cannot be run; the message states the reason."""


def grid(fields: Mapping[str, Sequence[Any]]) -> list[Overrides]:
    """Every combination of the values of the fields; the last field varies fastest."""
    for name, values in fields.items():
        if len(values) == 0:
            raise SweepError(f"grid: {name} has no values; give at least one.")
    return [
        _plain(dict(zip(fields, values, strict=True)))
        for values in itertools.product(*fields.values())
    ]


def _plain(overrides: Overrides) -> Overrides:
    """The overrides with Python's own numbers in place of numpy's, which no recipe can hold."""
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in overrides.items()
    }


@runtime_checkable
class Distribution(Protocol):
    """Draws one value of a field."""

    def __call__(self, rng: np.random.Generator) -> Any: ...


@dataclasses.dataclass(frozen=True)
class Uniform:
    """A float between `low` and `high`; with `log`, uniform in its logarithm."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high or (self.log and self.low <= 0):
            raise SweepError(f"{self}: low must not exceed high, and be positive for log.")

    def __call__(self, rng: np.random.Generator) -> float:
        if self.log:
            return math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return float(rng.uniform(self.low, self.high))


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def __call__(self, rng: np.random.Generator) -> Any:
        return self.values[int(rng.integers(len(self.values)))]


def sample(
    fields: Mapping[str, Distribution | Sequence[Any]], num_trials: int, *, seed: int = 0
) -> list[Overrides]:
    """Random search: `num_trials` independent draws of every field.

    Args:
      fields: a distribution for each, or a sequence of values to choose from.
      num_trials: number of trials. A longer list with the same seed begins with the shorter one.
      seed: seed of the draws.
    """
    trials = []
    for number in range(num_trials):
        # A generator for each trial, so that its draws do not depend on the number of trials.
        rng = np.random.default_rng((seed, number))
        draw = {}
        for name, values in fields.items():
            draw[name] = values(rng) if callable(values) else Choice(tuple(values))(rng)
        trials.append(_plain(draw))
    return trials


def load(path: str | os.PathLike[str]) -> tuple[str, list[Overrides]]:
    """RECIPE and get_sweep() of a sweep file, the trials checked against the recipe's fields.

    RECIPE is a path from the current folder, or from the folder that holds the sweep's package.

    Raises:
      SweepError: a name is missing in the file, a field in the recipe, or a trial's config has a
        value that is not allowed.
    """
    try:
        module = files.load(path)
        for name in ("RECIPE", "get_sweep"):
            if not hasattr(module, name):
                raise SweepError(f"{path} defines no {name}; see configs/sweeps/solubility.py.")
        trials = list(map(_plain, module.get_sweep()))
        if not trials:
            raise SweepError(f"{path}: get_sweep() returns no trials.")
        recipe = _recipe_path(pathlib.Path(path), module.RECIPE)
        config = files.recipe(recipe)
    except recipes.ConfigError as error:
        raise SweepError(str(error)) from error
    for trial in trials:
        try:
            recipes.check(check(config, trial))
        except recipes.ConfigError as error:
            raise SweepError(f"{path}: trial {trial}: {error}") from error
    return recipe, trials


def _recipe_path(sweep: pathlib.Path, recipe: str) -> str:
    """The file of a sweep's RECIPE, found from the current folder or from the sweep's root."""
    beside = files.root_of(sweep) / recipe
    return str(beside) if beside.is_file() and not pathlib.Path(recipe).is_file() else recipe


def check(config: ConfigDict, trial: Overrides) -> ConfigDict:
    """A copy of the recipe's config with the fields of a trial. Names and types must fit.

    Raises:
      SweepError: names the field and the nearest one that exists.
    """
    config = ConfigDict(config.to_dict())
    config.lock()
    try:
        config.update_from_flattened_dict(trial)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise SweepError(f"trial {trial}: {error}") from error
    return config


def trial_name(overrides: Overrides) -> str:
    """A short hash that names the trial's folder."""
    text = json.dumps(overrides, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def check_finished(
    recipe: str, trials: Sequence[Overrides], workdir: str | os.PathLike[str]
) -> None:
    """Refuse trials that were finished with another recipe than that of today.

    Fields that gtx did not have then are left out.

    Raises:
      SweepError: names the folder, and the fields with both values.
    """
    config = files.recipe(recipe)
    for trial in trials:
        folder = pathlib.Path(workdir) / trial_name(trial)
        if not (folder / "metrics.json").exists():
            continue
        then = json.loads((folder / "metrics.json").read_text()).get("config", {})
        now = json.loads(json.dumps(check(config, trial).to_dict()))
        changed = list(_changes(then, now))
        if changed:
            raise SweepError(
                f"{folder} holds a finished trial of another recipe: {'; '.join(changed)}. Give "
                "another --workdir; or delete the folder, to train it anew."
            )


def _changes(then: Any, now: Any, name: str = "config") -> Iterator[str]:
    """A line for each field of an older config that is another one, or none, now."""
    if not (isinstance(then, Mapping) and isinstance(now, Mapping)):
        if then != now:
            yield f"{name}: {then!r} -> {now!r}"
        return
    for key in sorted({*then, *now}):
        if key in then:
            yield from _changes(then[key], now.get(key), f"{name}.{key}")
        elif name in ("config.encodings", "config.structures"):
            yield f"{name}.{key}: none -> {now[key]!r}"


@dataclasses.dataclass(frozen=True)
class Trial:
    """The result of a trial.

    Attributes:
      overrides: the fields of the recipe that it changes.
      folder: its run folder.
      status: "done" or "failed".
      metrics: the content of the run's metrics.json; empty if it failed.
      reason: the last lines of its output, if it failed.
    """

    overrides: Overrides
    folder: pathlib.Path
    status: Status
    metrics: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    reason: str = ""

    @property
    def score(self) -> float:
        """The main metric on the validation part; NaN if the trial failed or has no such part."""
        if self.status == "failed" or "valid" not in self.metrics:
            return math.nan
        value = self.metrics["valid"][self.metrics["main_metric"]]
        return math.nan if value is None else float(value)


def run(
    trials: Sequence[Overrides],
    workdir: str | os.PathLike[str],
    command: Command,
    *,
    workers: int = 1,
    told: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Run the trials that have not been run yet.

    A failed trial is recorded and does not stop the others. The next call tries it again.

    Args:
      trials: overrides; equal ones run once.
      workdir: the folder that holds one folder per trial.
      command: argv of the process that trains a trial in a folder.
      workers: number of processes at the same time.
      told: called with each trial when it ends.

    Returns:
      The trials, best score first, failed ones last.
    """
    workdir = pathlib.Path(workdir)
    unique = {trial_name(overrides): overrides for overrides in trials}
    processes: set[subprocess.Popen] = set()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        waiting = [
            pool.submit(_run_one, overrides, workdir / name, command, processes)
            for name, overrides in unique.items()
        ]
        ended = []
        try:
            for future in concurrent.futures.as_completed(waiting):
                ended.append(future.result())
                told(ended[-1])
        except (KeyboardInterrupt, SystemExit):
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(processes):  # each saves a checkpoint before it ends
                process.terminate()
            raise
    return ranked(ended)


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """The trials, the best first and those without a score last."""
    modes = {trial.metrics["mode"] for trial in trials if trial.status == "done"}
    sign = -1 if modes == {"max"} else 1
    return sorted(
        trials, key=lambda trial: (math.isnan(trial.score), sign * np.nan_to_num(trial.score))
    )


@dataclasses.dataclass(frozen=True)
class Group:
    """Trials that differ only in fields that repeat an experiment.

    Attributes:
      overrides: the overrides that they share.
      trials: those that succeeded.
    """

    overrides: Overrides
    trials: tuple[Trial, ...]

    @property
    def score(self) -> float:
        """The mean of the scores of its trials."""
        return float(np.mean([trial.score for trial in self.trials]))

    def summary(self, part: str) -> tuple[float, float]:
        """Mean and standard deviation (divided by n - 1; NaN for one) of the main metric."""
        metric = self.trials[0].metrics["main_metric"]
        scores = np.array([trial.metrics[part][metric] for trial in self.trials], np.float64)
        deviation = scores.std(ddof=1) if len(scores) > 1 else math.nan
        return float(scores.mean()), float(deviation)


def grouped(trials: Sequence[Trial], repeats: Sequence[str] = REPEATS) -> list[Group]:
    """Groups of the trials that succeeded, in the order of their first trial.

    Args:
      trials: trials of one sweep.
      repeats: the fields that repeat an experiment.
    """
    groups: dict[str, tuple[Overrides, list[Trial]]] = {}
    for trial in trials:
        shared = {name: value for name, value in trial.overrides.items() if name not in repeats}
        if trial.status == "done":
            key = json.dumps(shared, sort_keys=True)
            groups.setdefault(key, (shared, []))[1].append(trial)
    return [Group(shared, tuple(group)) for shared, group in groups.values()]


def best(trials: Sequence[Trial]) -> Group | None:
    """The group with the best mean score, so that no lucky seed decides; None without scores."""
    groups = [group for group in grouped(trials) if not math.isnan(group.score)]
    if not groups:
        return None
    choose = max if groups[0].trials[0].metrics["mode"] == "max" else min
    return choose(groups, key=lambda group: group.score)


def _run_one(
    overrides: Overrides,
    folder: pathlib.Path,
    command: Command,
    processes: set[subprocess.Popen],
) -> Trial:
    finished = folder / "metrics.json"
    if not finished.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trial.json").write_text(json.dumps(overrides, indent=2) + "\n")
        with (folder / "log.txt").open("w") as log:
            process = subprocess.Popen(
                command(overrides, folder), stdout=log, stderr=subprocess.STDOUT
            )
            processes.add(process)
            code = process.wait()
            processes.discard(process)
        if code != 0 or not finished.exists():
            tail = (folder / "log.txt").read_text(errors="replace").splitlines()[-5:]
            reason = "\n".join([f"exit code {code}", *tail])
            (folder / "failed.txt").write_text(reason + "\n")
            return Trial(overrides, folder, "failed", reason=reason)
        (folder / "failed.txt").unlink(missing_ok=True)
    return Trial(overrides, folder, "done", metrics=json.loads(finished.read_text()))


def best_config_source(recipe: str, best: Group) -> str:
    """A config file in Python that is the recipe with the overrides of the best trials."""
    path = pathlib.Path(recipe).absolute()
    root = files.root_of(path)
    *folders, name = path.relative_to(root).with_suffix("").parts
    module = ".".join(folders)
    metric, count = best.trials[0].metrics["main_metric"], len(best.trials)
    told = f"{metric} {best.score:.4g}" + (f", the mean of {count} runs" if count > 1 else "")
    # Imports from the current folder work without this line.
    elsewhere = [] if root == pathlib.Path.cwd() else ["import sys", ""]
    found = [f"sys.path.append({str(root)!r})", ""] if elsewhere else []
    lines = [
        f'"""The best of a sweep over {recipe}: validation {told}."""',
        "",
        *elsewhere,
        "from ml_collections import ConfigDict",
        "",
        *found,
        f"from {module} import {name}" if module else f"import {name}",
        "",
        "",
        "def get_config() -> ConfigDict:",
        f"    config = {name}.get_config()",
        *(f"    config.{field} = {value!r}" for field, value in best.overrides.items()),
        "    return config",
    ]
    return "\n".join(lines) + "\n"
