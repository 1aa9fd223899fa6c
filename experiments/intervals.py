"""Do intervals hold what they say? `python -m experiments.intervals --root=data` measures it.

Small ensembles are trained on random splits of sets of molecules, split by split: 70 % of the
molecules for training, 10 % for validation, 20 % for test. The intervals are fitted on the
validation part, as `gtx train` does it, and the share of test molecules inside is counted. What the
members predict is kept in --workdir, so that the command goes on where it stopped. What follows
from it is in docs/intervals.json, in the table of docs/uncertainty.md and in its picture.
`--splits=0` writes table and picture without training.
"""

import json
import os
import pathlib
import shutil
import statistics
import sys
from typing import Any

import matplotlib
import numpy as np
from absl import flags
from absl.flags import FlagValues
from matplotlib.figure import Figure
from ml_collections import ConfigDict
from rich.console import Console

from configs import moleculenet_gps, solubility_gps
from experiments.paper import style
from gtx import recipes, training, uncertainty
from gtx.cli import outcome
from gtx.cli.command import Command, execute
from gtx.cli.exit_codes import leave
from gtx.data import Label
from gtx.uncertainty.calibration import Fitted, training_errors

ROOT = pathlib.Path(__file__).parents[1]
SCORES, PAGE = ROOT / "docs" / "intervals.json", ROOT / "docs" / "uncertainty.md"
PICTURES, PICTURE = ROOT / "docs" / "figures" / "uncertainty", "left_out"
SETS = ("esol", "freesolv", "lipo", "solubility")
EPOCHS = 30
MOST = 1000  # molecules for training, of those that a split has: lipo has 2,940
MEMBERS = 4
PARTS = ("train", "valid", "test")
COVERAGE = 0.9
DRAWS = 200  # of halves of a test part
KEPT = tuple(round(1 - 0.1 * tenth, 1) for tenth in range(9))


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "Folder that holds moleculenet/; $GTX_DATA by default.", flag_values=values
    )
    flags.DEFINE_list("only", list(SETS), "Sets of molecules.", flag_values=values)
    flags.DEFINE_integer("splits", 20, "Random splits.", lower_bound=0, flag_values=values)
    flags.DEFINE_string("workdir", "runs/intervals", "Folder of the runs.", flag_values=values)


def main(values: FlagValues) -> int:
    root = values.root or os.environ.get("GTX_DATA", "data")
    folder = pathlib.Path(values.workdir)
    folder.mkdir(parents=True, exist_ok=True)
    for split in range(values.splits):
        for name in values.only:
            key, path = f"{name}_{split}", folder / f"{name}_{split}.npz"
            known = json.loads(SCORES.read_text()) if SCORES.exists() else {}
            if key in known:
                continue
            if not path.exists():
                Console().print(f"{name}, split {split}", highlight=False)
                train(recipe(name, split, root), path)
            with np.load(path) as said:
                outcome.write_json(SCORES, {**known, key: measured(dict(said))})
    write()
    return 0


def measured(said: dict[str, np.ndarray]) -> dict[str, Any]:
    """What the predictions of an ensemble say of its intervals.

    Args:
      said: of each part what the members predict, [members, molecules, 1], and `<part>_labels`.

    Returns:
      Coverage and mean width of intervals of one width (`same`) and of those that follow the
      deviation between members (`spread`), fitted to the validation part; the coverage of the
      latter if they are fitted to random halves of the test part and counted on the others, which
      chose no epoch (`unseen`); the root mean square errors of members and ensemble; and those of
      the ensemble without the molecules whose members disagree most (`left_out`, by `KEPT`).
    """
    label = Label("graph", "regression", 1, ("y",))
    floor = training_errors(label, said["train"], said["train_labels"])

    def fitted(predictions: np.ndarray, labels: np.ndarray) -> Fitted:
        found = uncertainty.Calibration.fit(label, predictions, labels, floor=floor)
        return found.targets[0]

    def inside(target: Fitted, rows: np.ndarray, spread: bool) -> tuple[float, float]:
        low, high = target.interval(test[:, rows, 0], COVERAGE, by_deviation=spread)
        return float(((low <= truth[rows]) & (truth[rows] <= high)).mean()), float(
            (high - low).mean()
        )

    test, truth = said["test"], said["test_labels"][:, 0].astype(np.float64)
    of_valid, every = fitted(said["valid"], said["valid_labels"]), np.arange(len(truth))
    found: dict[str, Any] = {"valid": len(said["valid_labels"]), "test": len(truth)}
    for name, spread in (("same", False), ("spread", True)):
        found[name], found[f"{name}_width"] = inside(of_valid, every, spread)
    rng, shares = np.random.default_rng(0), []
    for _ in range(DRAWS):
        order = rng.permutation(len(truth))
        half, rest = order[: len(order) // 2], order[len(order) // 2 :]
        shares.append(inside(fitted(test[:, half], said["test_labels"][half]), rest, True)[0])
    found["unseen"] = float(np.mean(shares))
    errors = uncertainty.mean(test)[:, 0] - truth
    found["rmse"] = _rmse(errors)
    found["rmse_member"] = float(np.mean([_rmse(member[:, 0] - truth) for member in test]))
    surest = np.argsort(uncertainty.deviation(test)[:, 0], kind="stable")
    found["left_out"] = [_rmse(errors[surest[: round(kept * len(errors))]]) for kept in KEPT]
    return found


def _rmse(errors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(errors.astype(np.float64) ** 2)))


def of_sets(scores: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The splits of each set that has some."""
    found = {
        name: [each for key, each in scores.items() if key.rpartition("_")[0] == name]
        for name in SETS
    }
    return {name: splits for name, splits in found.items() if splits}


def table(scores: dict[str, Any]) -> str:
    """The rows of the sets, and one of all splits, in Markdown."""
    lines = [
        "| set | splits | labels that are fitted to | inside, by spread | inside, one width "
        "| inside, unseen labels | width by spread / one width | RMSE of a member | RMSE |",
        "|" + "---|" * 9,
    ]
    sets = of_sets(scores)
    if len(sets) > 1:
        sets["all"] = [each for splits in sets.values() for each in splits]
    for name, splits in sets.items():
        shares = [
            _share([each[column] for each in splits]) for column in ("spread", "same", "unseen")
        ]
        ratio = statistics.fmean(each["spread_width"] / each["same_width"] for each in splits)
        sizes = sorted({each["valid"] for each in splits})
        size = str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        errors = [statistics.fmean(each[key] for each in splits) for key in ("rmse_member", "rmse")]
        last = [f"{error:.3f}" for error in errors] if name != "all" else ["", ""]
        cells = [name, str(len(splits)), size, *shares, f"{ratio:.2f}", *last]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(values: list[float]) -> str:
    """A mean share in percent, and its standard error over splits."""
    text = f"{100 * statistics.fmean(values):.1f}"
    if len(values) > 1:
        text += f" ± {100 * statistics.stdev(values) / len(values) ** 0.5:.1f}"
    return f"{text} %"


def draw(scores: dict[str, Any]) -> Figure:
    """Errors of what is left when the molecules whose members disagree most are left out."""
    with matplotlib.rc_context(style.SETTINGS):
        figure, axes = style.new()
        axis = axes[0, 0]
        for name, splits in of_sets(scores).items():
            curves = np.array([each["left_out"] for each in splits])
            relative = (curves / curves[:, :1]).mean(axis=0)
            axis.plot([100 * (1 - kept) for kept in KEPT], relative, marker="o", label=name)
        axis.axhline(1, color=style.GREY, linewidth=1)
        axis.set_xlabel("left out, where members disagree most (%)")
        axis.set_ylabel("RMSE / RMSE of all")
        axis.legend()
    return figure


def write() -> None:
    """Replace the table of the page, and draw its picture."""
    scores, page = json.loads(SCORES.read_text()), PAGE.read_text()
    start, end = (f"<!-- intervals: {side} -->" for side in ("start", "end"))
    before, rest = page.split(start)
    PAGE.write_text(f"{before}{start}\n{table(scores)}\n{end}{rest.split(end)[1]}")
    style.save(draw(scores), PICTURES, PICTURE)


def recipe(name: str, split: int, root: str) -> ConfigDict:
    """A small ensemble on a random split of a set."""
    if name == "solubility":
        config = solubility_gps.get_config()
        config.data.descriptors = ()
    else:
        config = moleculenet_gps.get_config(name)
        config.data.root = root
    config.data.split = "random"
    config.data.split_seed = split
    config.data.valid_fraction = 0.1
    config.data.test_fraction = 0.2
    config.data.num_train = MOST if name == "lipo" else 0
    config.model.dim = 48
    config.model.num_layers = 2
    config.optimizer.learning_rate = 2e-3
    config.optimizer.weight_decay = 0.1
    config.optimizer.ema_decay = 0.98
    config.optimizer.warmup_epochs = 2.0
    config.seed = MEMBERS * split
    config.training.seeds = (MEMBERS,)
    config.training.num_epochs = EPOCHS
    config.training.evaluate_every = 2
    config.training.checkpoint_every = config.training.num_epochs
    return config


def train(config: ConfigDict, path: pathlib.Path) -> None:
    """Train an ensemble, and keep what each member predicts of each part, with the labels."""
    prepared = recipes.prepare(config)
    graphs = prepared.dataset
    sizes = recipes.budget(config, graphs)
    source = recipes.batches(config, graphs.part("train"), sizes)
    workdir = path.with_suffix("")
    result = training.fit(
        recipes.model(config, graphs.spec),
        recipes.task(config, graphs.spec),
        source,
        graphs.part("valid"),
        optimizer=recipes.optimizer(config, source.steps_per_epoch),
        num_epochs=config.training.num_epochs,
        workdir=workdir,
        seeds=recipes.seeds(config),
        steps_per_call=config.training.steps_per_call,
        evaluate_every=config.training.evaluate_every,
        checkpoint_every=config.training.checkpoint_every,
    )
    evaluator = result.evaluator
    assert evaluator is not None
    kept = {}
    for name in PARTS:
        part = graphs.part(name)
        said = [evaluator(replica.variables, part).predictions for replica in result.replicas]
        kept[name], kept[f"{name}_labels"] = np.stack(said), part.targets.labels
    aside = path.with_suffix(".tmp.npz")
    np.savez(aside, **kept)
    os.replace(aside, path)
    shutil.rmtree(workdir)


COMMAND = Command("python -m experiments.intervals", __doc__ or "", define, main)

if __name__ == "__main__":
    leave(execute(COMMAND, sys.argv[1:]))
