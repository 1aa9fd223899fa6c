"""Score a trained model on parts of its data.

    gtx evaluate --workdir=runs/smoke --split=valid --split=test

The data are read again and must be the same as those of the run. With --other_data the model is
scored on the data that its recipe reads now, such as corrected labels or further molecules.
"""

import sys
from collections.abc import Sequence

from absl import flags
from absl.flags import FlagValues

from gtx import Predictor, recipes, training
from gtx.cli import report, shared_flags
from gtx.cli.waiting import waiting
from gtx.data import Dataset
from gtx.recipes import provenance


def define(values: FlagValues) -> None:
    shared_flags.define_workdir(values, "Folder of the run.")
    flags.DEFINE_multi_enum(
        "split", ["test"], ["train", "valid", "test"], "Part of the data; may be given again.",
        flag_values=values,
    )  # fmt: skip
    shared_flags.define_json(values, "the scores")
    flags.DEFINE_bool(
        "other_data", False, "Score on the data as they are now, though the run had others.",
        flag_values=values,
    )  # fmt: skip


def main(values: FlagValues) -> None:
    predictor = Predictor.load(values.workdir)
    splits = tuple(dict.fromkeys(values.split))
    score = _other_scores if values.other_data else _scores
    with waiting("reading data, compiling and scoring..."):
        scores = score(predictor, splits)
    if values.json:
        report.write_json(values.json, scores)
    if values.json != "-":
        report.print_scores(scores, None)


def _scores(predictor: Predictor, splits: Sequence[str]) -> dict[str, dict[str, float]]:
    """Scores of parts of the run's own data."""
    config = predictor.recipe.config
    prepared = recipes.prepare(config)
    for note in provenance.check_data(predictor.recipe, prepared, splits):
        print(f"note: {note}", file=sys.stderr)
    budget = recipes.budget(config, prepared.dataset)
    source = recipes.batches(config, prepared.dataset.part("train"), budget)
    evaluator = training.evaluator_of(predictor.model, predictor.task, source, budget)
    scores = {}
    for split in splits:
        part = _part(prepared.dataset, split)
        evaluation = evaluator(predictor.variables, part)
        scores[split] = evaluation.metrics
        for note in evaluation.notes:
            print(f"{split}: {note}", file=sys.stderr)
    return scores


def _other_scores(predictor: Predictor, splits: Sequence[str]) -> dict[str, dict[str, float]]:
    """Scores of parts of the data that the config reads now."""
    dataset = provenance.other_data(predictor.recipe)
    print("note: these scores are not of the data of the run.", file=sys.stderr)
    scores = {}
    for split in splits:
        part = _part(dataset, split)
        labels = part.targets.labels
        assert labels is not None  # `other_data` refuses data without labels
        scores[split] = predictor.task.score(predictor(part), part)
        for note in predictor.task.undefined(labels):
            print(f"{split}: {note}", file=sys.stderr)
    return scores


def _part(dataset: Dataset, split: str) -> Dataset:
    part = dataset.part(split)
    if len(part.targets) == 0:
        raise recipes.ConfigError(f"the data of this run have no part {split!r}.")
    return part
