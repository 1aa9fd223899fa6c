"""Splits of a dataset into train, valid and test. Every function is deterministic.

By default graphs are distributed, each with all its targets. With `by="target"` single targets are
distributed, such as the nodes of one large graph, whose arrays all parts share. A part with a
fraction above 0 is never empty: otherwise a DatasetError names it.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from gtx.data import smiles
from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset

Fractions = tuple[float, float, float]
By = Literal["graph", "target"]


def graph_split(dataset: Dataset) -> np.ndarray:
    """The part of each graph, which is that of its targets: int8 [graphs], a place in SPLITS or -1.

    Raises:
      DatasetError: the targets of a graph are in several parts.
    """
    table, graph = dataset.targets, dataset.target_graph
    split = np.full(len(dataset), -1, np.int8)
    split[graph] = table.split
    other = split[graph] != table.split
    if other.any():
        row = int(np.argmax(other))
        raise DatasetError(
            f"split: the targets of graph {dataset.ids[graph[row]]} are in several parts. This "
            "needs graphs that are in one part each."
        )
    return split


def random(
    dataset: Dataset,
    fractions: Fractions = (0.8, 0.1, 0.1),
    *,
    seed: int = 0,
    by: By = "graph",
) -> Dataset:
    """Train, valid and test drawn at random in these fractions.

    Edges or pairs between the same two nodes, in both directions too, are drawn together.
    """
    unit = _units(dataset, by)
    count = int(unit.max(initial=-1)) + 1
    train, valid, _ = _sizes(count, fractions)
    order = np.random.default_rng(seed).permutation(count)
    of_unit = np.full(count, SPLITS.index("test"), np.int8)
    of_unit[order[:train]] = SPLITS.index("train")
    of_unit[order[train : train + valid]] = SPLITS.index("valid")
    split = of_unit[unit]
    _check_parts(split, fractions, "", by)
    return _with_parts(dataset, split, by)


def scaffold(dataset: Dataset, fractions: Fractions = (0.8, 0.1, 0.1)) -> Dataset:
    """Bemis-Murcko split: no scaffold is in two parts, and rare scaffolds are in test.

    The split of MoleculeNet (Wu et al. 2018): groups of one scaffold, sorted by falling size (at
    equal size the latest first), go to train while they fit, then to valid, then to test. Unlike
    there, a group that is larger than valid and test goes to train even if it does not fit. If
    train is then larger than its fraction, valid and test divide the rest in proportion to their
    fractions. Molecules without rings are one group. The dataset's names must be SMILES.

    Raises:
      DatasetError: a part with a fraction above 0 stays empty.
    """
    train, valid, test = _sizes(len(dataset), fractions)
    split = np.full(len(dataset), SPLITS.index("test"), np.int8)
    groups = sorted(_scaffold_groups(dataset), key=lambda group: (len(group), group[0]))
    groups.reverse()
    large = [group for group in groups if train and len(group) > max(valid, test)]
    filled = [sum(map(len, large)), 0]
    if filled[0] > train:
        rest = len(dataset) - filled[0]
        train, valid = filled[0], round(rest * valid / max(valid + test, 1))
    for group in large:
        split[group] = SPLITS.index("train")
    for group in groups[len(large) :]:
        if filled[0] + len(group) <= train:
            part = 0
        elif filled[0] + filled[1] + len(group) <= train + valid:
            part = 1
        else:
            continue
        filled[part] += len(group)
        split[group] = part
    largest = len(groups[0]) if groups else 0
    _check_parts(
        split,
        fractions,
        f" The number of scaffolds is {len(groups)}; the largest has {largest} molecules, "
        "and none is divided.",
        "graph",
    )
    return _with_parts(dataset, split, "graph")


def k_fold(dataset: Dataset, num_folds: int, fold: int, *, seed: int = 0) -> Dataset:
    """Cross-validation: fold number `fold` of a shuffled partition is test, the rest is train.

    `with_validation` takes a validation part out of train.
    """
    if not 2 <= num_folds <= len(dataset) or not 0 <= fold < num_folds:
        raise DatasetError(
            f"split: fold {fold} of {num_folds} over {len(dataset)} graphs. Use 2 folds or more, "
            "not more than graphs, and count them from 0."
        )
    order = np.random.default_rng(seed).permutation(len(dataset))
    split = np.full(len(dataset), SPLITS.index("train"), np.int8)
    split[np.array_split(order, num_folds)[fold]] = SPLITS.index("test")
    return _with_parts(dataset, split, "graph")


def masks(
    dataset: Dataset, *, train: Any, valid: Any, test: Any, fold: int = 0, by: By = "target"
) -> Dataset:
    """A split given by masks. A target (or graph) in none of them is in no part.

    Args:
      dataset: its targets have the order of the masks.
      train, valid, test: bool, [targets] or [targets, folds].
      fold: number of the column of masks with several columns. Another fold is another split of
        the same dataset, and no array of its graphs is copied.
      by: "graph" if the masks have one entry per graph.

    Raises:
      DatasetError: a mask has a wrong length or type, there is no such fold, or a target is in two
        parts.
    """
    places = {}
    for name, mask in dict(train=train, valid=valid, test=test).items():
        mask = np.asarray(mask)
        count = _count(dataset, by)
        if mask.dtype != bool or mask.shape[:1] != (count,) or mask.ndim > 2:
            raise DatasetError(
                f"split: the mask {name} is {mask.dtype} of shape {mask.shape} for {count} {by}s. "
                f"Give bool [{by}s] or [{by}s, folds]."
            )
        mask = mask.reshape(count, -1) if count else np.zeros((0, fold + 1), bool)
        if not 0 <= fold < mask.shape[1]:
            raise DatasetError(
                f"split: there is no fold {fold} in the mask {name}, which has {mask.shape[1]}. "
                "Count folds from 0."
            )
        places[name] = np.flatnonzero(mask[:, fold])
    return given(dataset, **places, by=by)


def given(
    dataset: Dataset, *, train: Any, valid: Any = (), test: Any = (), by: By = "graph"
) -> Dataset:
    """A split given by the places of graphs or targets. Those that are not listed have no part."""
    count = _count(dataset, by)
    split = np.full(count, -1, np.int8)
    for code, (name, indices) in enumerate(dict(train=train, valid=valid, test=test).items()):
        indices = np.asarray(indices)
        if indices.size == 0:
            continue
        if indices.dtype.kind not in "iu" or indices.min() < 0 or indices.max() >= count:
            raise DatasetError(
                f"split: {name} has {indices.dtype} places from {indices.min()} to "
                f"{indices.max()} for {count} {by}s. Give integers from 0."
            )
        if np.any(split[indices] != -1):
            twice = int(indices[np.argmax(split[indices] != -1)])
            raise DatasetError(
                f"split: {by} {twice} is in {SPLITS[split[twice]]} and in {name}. "
                f"Give each {by} one part."
            )
        split[indices] = code
    return _with_parts(dataset, split, by)


def with_validation(
    dataset: Dataset,
    fraction: float,
    *,
    seed: int = 0,
    method: str = "random",
    by: By = "graph",
) -> Dataset:
    """Take a validation part out of train; test and an existing validation part do not change.

    Args:
      dataset: a dataset with a train part.
      fraction: fraction of the train part, rounded to whole graphs or targets, at least one.
      seed: seed of the random choice.
      method: "random", or "scaffold", which takes whole scaffolds, in random order while they fit.
      by: whether "graph"s or "target"s are taken; "scaffold" takes graphs only. Edges or pairs
        between the same two nodes are taken together.
    """
    split = graph_split(dataset) if by == "graph" else dataset.targets.split.copy()
    train = np.nonzero(split == SPLITS.index("train"))[0]
    unit = _units(dataset, by)
    units = np.unique(unit[train])
    count = max(1, round(fraction * len(units))) if 0 < fraction < 1 else len(units)
    if count >= len(units):
        raise DatasetError(
            f"split: cannot take a fraction {fraction} out of {len(train)} train {by}s. "
            "Set a split first, and a fraction between 0 and 1 that leaves some."
        )
    rng = np.random.default_rng(seed)
    if method == "random":
        chosen = np.isin(unit[train], rng.permutation(units)[:count])
        split[train[chosen]] = SPLITS.index("valid")
    elif method == "scaffold" and by == "graph":
        groups = _scaffold_groups(dataset.select(train))
        room = count
        for number in rng.permutation(len(groups)):
            if len(groups[number]) <= room:
                split[train[groups[number]]] = SPLITS.index("valid")
                room -= len(groups[number])
        if room == count:
            raise DatasetError(
                f"split: every scaffold has more than {count} train graphs. Take a larger "
                'fraction, or method="random".'
            )
    else:
        raise DatasetError(
            f'split: there is no method {method!r} by {by}. Use "random", or "scaffold" by graph.'
        )
    return _with_parts(dataset, split, by)


def with_smaller_train(
    dataset: Dataset, num_train: int, *, seed: int = 0, by: By = "graph"
) -> Dataset:
    """Keep `num_train` graphs or targets of train, drawn at random; the others are in no part.

    With the same seed a smaller train part is a subset of a larger one.

    Raises:
      DatasetError: `num_train` is below 1, or train has fewer.
    """
    split = graph_split(dataset) if by == "graph" else dataset.targets.split.copy()
    train = np.flatnonzero(split == SPLITS.index("train"))
    if not 1 <= num_train <= len(train):
        raise DatasetError(
            f"split: cannot keep {num_train} of {len(train)} train {by}s. Give a number from 1 to "
            f"{len(train)}."
        )
    split[np.random.default_rng(seed).permutation(train)[num_train:]] = -1
    return _with_parts(dataset, split, by)


def per_class(dataset: Dataset, count: int, *, valid: int, test: int, seed: int = 0) -> Dataset:
    """`count` targets of each class for train, then `valid` and `test` of the others, at random.

    The classes in rising order, each permuted; then all that are not in train. The random numbers
    are those of `torch.manual_seed(seed)` and `torch.randperm` (a Mersenne Twister and a swap for
    each place), which SGFormer, DIFFormer and the tuned GNNs of Luo et al. (2024) use. So a seed
    gives the same split as there. Further targets are in no part. The 15 papers of CiteSeer without
    a class have the first one in PyG: they are drawn as such, and are in no part.

    Raises:
      DatasetError: the label is not one of several classes, or there are too few targets.
    """
    table = dataset.targets
    if (
        table.labels is None
        or dataset.spec.label is None
        or dataset.spec.label.kind != "multiclass"
    ):
        raise DatasetError("split: classes are drawn from a multiclass label. There is none.")
    labels = table.labels.reshape(-1)
    drawn_as = np.maximum(labels, 0)
    numbers = np.random.RandomState(seed)

    def permuted(places: np.ndarray) -> np.ndarray:
        places, size = places.copy(), len(places)
        draws = numbers.randint(0, 2**32, max(size - 1, 0), np.uint32)
        for place, draw in enumerate(draws.tolist()):
            other = place + draw % (size - place)
            places[[place, other]] = places[[other, place]]
        return places

    orders = [permuted(np.flatnonzero(drawn_as == each)) for each in np.unique(drawn_as)]
    few = next((order for order in orders if len(order) < count), None)
    rest = permuted(np.concatenate([order[count:] for order in orders]))
    if few is not None or len(rest) < valid + test:
        raise DatasetError(
            f"split: {count} targets of each class, {valid} for valid and {test} for test cannot "
            f"be had of classes with {[len(order) for order in orders]} targets. Give less."
        )
    parts = dict(
        train=np.concatenate([order[:count] for order in orders]),
        valid=rest[:valid],
        test=rest[valid : valid + test],
    )
    known = {name: places[labels[places] >= 0] for name, places in parts.items()}
    return given(dataset, **known, by="target")


def duplicates_across(dataset: Dataset) -> np.ndarray:
    """True for the test molecules that are also in train or valid: bool [graphs].

    Molecules are compared by `gtx.data.smiles.flat_smiles`, without stereo, isotopes and atom-map
    numbers. `dataset.select(~mask)` leaves them out.
    """
    flat = np.array(smiles.flat_smiles(_smiles(dataset)), dtype=np.str_)
    split = graph_split(dataset)
    test = split == SPLITS.index("test")
    seen = (split >= 0) & ~test
    return test & np.isin(flat, flat[seen])


def _units(dataset: Dataset, by: By) -> np.ndarray:
    """The number of what each graph or target is drawn together with: int64 [graphs or targets].

    The two directions of an edge mostly have the same label, and each would tell it of the other.
    """
    count, table = _count(dataset, by), dataset.targets
    if by == "graph" or table.level not in ("edge", "pair"):
        return np.arange(count)
    ends = table.index
    if table.level == "edge":
        start = np.repeat(dataset.node_ptr[:-1], dataset.num_edges)
        ends = np.stack([dataset.senders + start, dataset.receivers + start], axis=1)[table.index]
    found, unit = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True)
    return np.arange(count) if len(found) == count else unit.reshape(-1)


def _count(dataset: Dataset, by: By) -> int:
    """The number of graphs or targets that are distributed."""
    if by not in ("graph", "target"):
        raise DatasetError(f'split: by {by!r} is unknown. Use "graph" or "target".')
    return len(dataset) if by == "graph" else len(dataset.targets)


def _with_parts(dataset: Dataset, split: np.ndarray, by: By) -> Dataset:
    """The dataset with this split of its graphs, or of its targets."""
    if by == "graph":
        split = split[dataset.target_graph]
    return dataclasses.replace(dataset, targets=dataset.targets.replace(split=split))


def _smiles(dataset: Dataset) -> list[str]:
    if dataset.names is None:
        raise DatasetError("split: this needs SMILES as names of the dataset. It has no names.")
    return dataset.names.tolist()


def _scaffold_groups(dataset: Dataset) -> list[list[int]]:
    """The places of the molecules of each scaffold, in the order of first occurrence."""
    groups: dict[str, list[int]] = {}
    for place, scaffold_smiles in enumerate(smiles.scaffolds(_smiles(dataset))):
        groups.setdefault(scaffold_smiles, []).append(place)
    return list(groups.values())


def _sizes(total: int, fractions: Sequence[float]) -> tuple[int, int, int]:
    good = len(fractions) == 3 and all(fraction >= 0 for fraction in fractions)
    if not good or not abs(sum(fractions) - 1) <= 1e-6:  # written so that NaN is refused
        raise DatasetError(
            f"split: fractions {tuple(fractions)}. Give three for train, valid and test, 0 or "
            "more each, that sum to 1."
        )
    # 1e-9, because 0.29 * 100 is 28.999999999999996 in floats and must count as 29.
    train = int(fractions[0] * total + 1e-9)
    valid = int((fractions[0] + fractions[1]) * total + 1e-9) - train
    return train, valid, total - train - valid


def _check_parts(split: np.ndarray, fractions: Sequence[float], why: str, by: By) -> None:
    """Refuse a split in which a part with a fraction above 0 is empty."""
    for code, (name, fraction) in enumerate(zip(SPLITS, fractions, strict=True)):
        if fraction > 1e-9 and not np.any(split == code):
            raise DatasetError(
                f"split: {name} is empty, although it was to have a fraction of {fraction:g} of "
                f"{len(split)} {by}s.{why} Use more {by}s, another fraction, or "
                + ("a random split." if why else "fraction 0 if you do not want it.")
            )
