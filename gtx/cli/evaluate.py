"""Score a trained model on parts of its data.

    gtx evaluate --workdir=runs/smoke --split=valid --split=test

The data are read again and must be the same as those of the run. With --other_data the model is
scored on the data that its recipe reads now, such as corrected labels or further molecules. A split
that is drawn is then drawn anew, and a warning says whether the parts may hold graphs of the run's
training part.

The folder of a run of several seeds is an ensemble: its mean prediction is scored, beside the mean
score of its members.
"""

import sys
from collections.abc import Iterator, Sequence

import numpy as np
from absl import flags
from absl.flags import FlagValues

from gtx import Predictor, recipes, training, uncertainty
from gtx.cli import outcome, per_seed, shared_flags
from gtx.cli.refusals import refuse_folds
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
    refuse_folds(
        values.workdir,
        "metrics.json has the scores of all folds, and each has a test part of its own",
    )
    splits = tuple(dict.fromkeys(values.split))
    predict = _other_predictions if values.other_data else _predictions
    scores, by_member = {}, []
    with waiting("reading data, compiling and scoring..."):
        for split, part, predictions in predict(predictor, splits):
            labels = part.targets.labels
            assert labels is not None  # data without labels have no recipe that trains on them
            scores[split] = predictor.task.score(uncertainty.mean(predictions), part)
            by_member.append([predictor.task.score(member, part) for member in predictions])
            for note in predictor.task.undefined(labels):
                print(f"{split}: {note}", file=sys.stderr)
    if len(predictor.members) == 1:
        if values.json:
            outcome.write_json(values.json, scores)
        if values.json != "-":
            outcome.print_scores(scores, None)
        return
    each = {
        member: dict(zip(splits, found, strict=True))
        for member, found in enumerate(zip(*by_member, strict=True))
    }
    means, deviations = (per_seed.over(each, each, way) for way in (np.mean, per_seed.deviation))
    if values.json:
        outcome.write_json(values.json, scores | {"members": means, "deviations": deviations})
    if values.json != "-":
        outcome.print_scores(scores, None, title="Scores of the ensemble")
        outcome.print_scores(
            means,
            None,
            deviations=deviations,
            title=f"Scores of its {len(each)} members: mean ± standard deviation",
        )


Scored = Iterator[tuple[str, Dataset, np.ndarray]]  # a part by name, and what each member predicts


def _predictions(predictor: Predictor, splits: Sequence[str]) -> Scored:
    """The parts of the run's own data."""
    config = predictor.recipe.config
    prepared = provenance.read_again(predictor.recipe)
    for note in provenance.check_data(predictor.recipe, prepared, splits):
        print(f"note: {note}", file=sys.stderr)
    budget = recipes.budget(config, prepared.dataset)
    source = recipes.batches(config, prepared.dataset.part("train"), budget)
    evaluator = training.evaluator_of(predictor.model, predictor.task, source, budget)
    for split in splits:
        part = _part(prepared.dataset, split)
        found = [evaluator(variables, part).predictions for variables in predictor.members]
        yield split, part, np.stack(found)


def _other_predictions(predictor: Predictor, splits: Sequence[str]) -> Scored:
    """The parts of the data that the config reads now."""
    dataset = provenance.other_data(predictor.recipe)
    print("note: these scores are not of the data of the run.", file=sys.stderr)
    if provenance.drawn_anew(predictor.recipe, dataset):
        print(
            "warning: the parts of these data are drawn anew: graphs on which the model trained "
            "may be in each of them, and the scores too good. Name the parts in a column "
            "(data.split='column'), or predict for new graphs alone: gtx predict --input.",
            file=sys.stderr,
        )
    for split in splits:
        part = _part(dataset, split)
        yield split, part, predictor.by_member(part)


def _part(dataset: Dataset, split: str) -> Dataset:
    part = dataset.part(split)
    if len(part.targets) == 0:
        raise recipes.ConfigError(f"the data of this run have no part {split!r}.")
    return part
