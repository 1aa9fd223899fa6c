"""Checks that data that are read again equal those that a run was trained on."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from ml_collections import ConfigDict

from gtx import recipes
from gtx.data import Dataset, GraphSpec, Label, Scaler
from gtx.data.content import changes, content_of_parts
from gtx.training.comparison import differences


class OtherDataError(ValueError):
    """The data differ from those of the run."""


def read_again(recipe: recipes.Recipe) -> recipes.Prepared:
    """The data of a run, on the scales that it had; `check_data` says whether they are the same.

    A run that started from another one took scales of that, which need not be there any more.
    """
    return recipes.prepare(recipe.config, recipe if recipe.config.get("init_from", "") else None)


def check_data(
    recipe: recipes.Recipe, prepared: recipes.Prepared, parts: Iterable[str]
) -> tuple[str, ...]:
    """Raise unless these parts have the same content as when the run was trained.

    Graphs, features, labels and split are compared, wherever they were read from. Encodings are not
    compared, because their last digits differ between machines.

    Args:
      recipe: the recipe of the run.
      prepared: its data, read again.
      parts: "train", "valid" or "test".

    Returns:
      Warnings for the caller: other parts that changed, or that there is nothing to compare with.

    Raises:
      OtherDataError: names the parts and their changes.
    """
    dataset, known = prepared.dataset, recipe.content or {}
    without = recipes.encoded_columns(recipe.config)
    found = changes(known, content_of_parts(dataset, without)) if known else {}
    asked = [f"{name}: {', '.join(said)}" for name, said in found.items() if name in parts]
    others = [f"{name}: {', '.join(said)}" for name, said in found.items() if name not in parts]
    described = differences(
        _described(recipe.spec, recipe.scaler), _described(dataset.spec, prepared.scaler)
    )
    if asked or described:
        # If only scales differ, the cause is a change in the train part, to which they were fitted.
        lines = asked or [*others, *described[:5]]
        raise OtherDataError(
            f"the data are not those of the run: {'; '.join(lines)}. Restore the files that it "
            "was trained on, or score on what they hold now: gtx evaluate --other_data."
        )
    if not known:
        return (
            "this run was written by an older gtx, which kept no hash of its data: "
            "whether labels or features changed since is not known.",
        )
    return tuple(f"the part {line}; it is not that of the run any more." for line in others)


def other_data(recipe: recipes.Recipe) -> Dataset:
    """The current data of a run's config for its `Predictor`, without computed columns.

    Graphs and labels may differ from those of the run, but the kind of label must be the same.

    Raises:
      OtherDataError: the labels are of another kind.
      GraphError: the data cannot be read.
    """
    config = ConfigDict(recipe.config.to_dict())
    # The scales of the run are used: those of descriptors in its scaler, of labels in its task, and
    # those of columns in its spec.
    unscaled = {"descriptors": (), "normalize": False, "standardize": False}
    config.data.update({name: off for name, off in unscaled.items() if name in config.data})
    config.task.update({"class_weights": "none"})
    config.init_from = ""
    dataset = recipes.load(config).dataset
    label, wanted = dataset.spec.label, recipe.spec.label
    if label is None or wanted is None:
        raise OtherDataError("the data have no labels to score against.")
    known, found = (dataclasses.asdict(_unfitted(each)) for each in (wanted, label))
    changed = differences(known, found, "label")
    if changed:
        raise OtherDataError(
            f"the labels are of another kind than the model predicts: {'; '.join(changed)}."
        )
    return dataset


def drawn_anew(recipe: recipes.Recipe, dataset: Dataset) -> bool:
    """Whether graphs that a run trained on may be in any part of data that are read now.

    A split that is drawn is another one if there are other graphs or another order. Then only a
    test part that the data name themselves is unknown to the model.
    """
    if recipe.config.data.get("split", "given") not in ("random", "scaffold"):
        return False
    known, found = recipe.content or {}, content_of_parts(dataset)
    return any(
        known.get(part, {}).get("structure") != found.get(part, {}).get("structure")
        for part in ("train", "valid")
    )


def _unfitted(label: Label) -> Label:
    """The label without what was computed from the train part."""
    parts = tuple(_unfitted(part) for part in label.parts)
    return dataclasses.replace(label, mean=(), std=(), class_weights=(), parts=parts)


def _described(spec: GraphSpec, scaler: Scaler | None) -> dict[str, Any]:
    return dict(spec=spec.to_json(), scaler=None if scaler is None else scaler.to_json())
