"""Folds: every graph is in the test part once. Each fold has a training part of its own.

Graphs that belong together are in one fold: spellings and stereoisomers of a molecule, and with
`method="scaffold"` all molecules of a scaffold. Every function is deterministic.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from gtx.data import smiles
from gtx.data.check import DatasetError
from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset


@dataclasses.dataclass(frozen=True, eq=False)
class Folds:
    """A partition of graphs.

    Attributes:
      fold: int64 [graphs], the fold of each graph.
      group: int64 [graphs]; graphs of the same group are never in two parts.
      num_folds: number of folds.
      seed: of the random choices.
    """

    fold: np.ndarray
    group: np.ndarray
    num_folds: int
    seed: int

    def split(self, dataset: Dataset, number: int, valid_fraction: float) -> Dataset:
        """The dataset with fold `number` as its test part.

        The validation part is a random choice of whole groups out of the other folds. Training
        parts that would differ by a graph, or by one in fifty, are made as large as each other,
        because equal sizes let one compiled program train all of them.

        Args:
          dataset: the graphs that were divided.
          number: of the fold, from 0.
          valid_fraction: of the graphs in the other folds; 0 for no validation part.

        Raises:
          DatasetError: there is no such fold, or no graph would be in train or in valid.
        """
        if not 0 <= number < self.num_folds:
            raise DatasetError(
                f"split: there is no fold {number} among {self.num_folds}. Count from 0."
            )
        if not 0 <= valid_fraction < 1:
            raise DatasetError(
                f"split: a validation part of {valid_fraction} of the other folds. Give a fraction "
                "of at least 0 and below 1."
            )
        split = np.full(len(self.fold), SPLITS.index("train"), np.int8)
        split[self.fold == number] = SPLITS.index("test")
        if valid_fraction:
            split[self._valid(number, valid_fraction)] = SPLITS.index("valid")
        if not (split == SPLITS.index("train")).any():
            raise DatasetError(
                f"split: fold {number} leaves no graph to train on. Use more graphs, fewer folds, "
                "or a smaller validation part."
            )
        targets = dataset.targets.replace(split=split[dataset.target_graph])
        return dataclasses.replace(dataset, targets=targets)

    def _valid(self, number: int, fraction: float) -> np.ndarray:
        """Which graphs are in the validation part of a fold: bool [graphs]."""
        others = self.fold != number
        sizes = len(self.fold) - np.bincount(self.fold, minlength=self.num_folds)
        wanted = np.maximum(1, np.round(fraction * sizes)).astype(np.int64)
        left = sizes - wanted
        count = int(wanted[number])
        # A step more in each epoch would need a program of its own, for a graph or two.
        if left[number] - left.min() <= max(1, left.min() // 50):
            count += int(left[number] - left.min())
        groups, sizes = np.unique(self.group[others], return_counts=True)
        room, taken = count, []
        for place in np.random.default_rng([self.seed, number]).permutation(len(groups)):
            if sizes[place] <= room:
                taken.append(groups[place])
                room -= sizes[place]
        if not taken:
            raise DatasetError(
                f"split: a validation part of {count} graphs for fold {number} has no room for the "
                f"smallest group of graphs that stay together, which has {sizes.min()}. Take a "
                'larger fraction, or a split that is "random".'
            )
        return others & np.isin(self.group, taken)


def folds(
    dataset: Dataset,
    num_folds: int,
    *,
    seed: int = 0,
    method: str = "random",
    molecules: bool = False,
) -> Folds:
    """Divide graphs into folds of about the same size.

    Groups in random order, the largest first, each go to the fold that has the fewest graphs so
    far. Without groups the sizes of the folds differ by one at most. A group that is larger than a
    fold, as that of molecules without rings often is, is a fold of its own.

    Args:
      dataset: the graphs.
      num_folds: at least 2.
      seed: of the random order.
      method: "random", or "scaffold", for molecules.
      molecules: whether the names of the graphs are SMILES. If not, each is a group of its own.

    Raises:
      DatasetError: there are fewer groups than folds, or the method is unknown.
    """
    if num_folds < 2:
        raise DatasetError(f"split: {num_folds} folds. Give 2 or more.")
    group = _groups(dataset, method, molecules)
    sizes = np.bincount(group)
    if len(sizes) < num_folds:
        what = "scaffolds" if method == "scaffold" else "different graphs"
        raise DatasetError(
            f"split: there are {len(sizes)} {what} for {num_folds} folds. Give fewer folds"
            + (', or a split that is "random".' if method == "scaffold" else ".")
        )
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled, chosen = np.zeros(num_folds, np.int64), np.zeros(len(sizes), np.int64)
    for place in order.tolist():
        chosen[place] = np.argmin(filled)
        filled[chosen[place]] += sizes[place]
    return Folds(chosen[group], group, num_folds, seed)


def _groups(dataset: Dataset, method: str, molecules: bool) -> np.ndarray:
    """A number for each graph, the same for graphs that belong together."""
    if method not in ("random", "scaffold"):
        raise DatasetError(
            f'split: there is no method {method!r} of folds. Use "random" or "scaffold".'
        )
    if not molecules or dataset.names is None:
        if method == "scaffold":
            raise DatasetError(
                "split: scaffolds are those of molecules, and these graphs have no SMILES. Use "
                '"random".'
            )
        return np.arange(len(dataset))
    names = dataset.names.tolist()
    # A scaffold is that of the molecule without stereo, so all spellings of a molecule share it.
    return _numbered(smiles.scaffolds(names) if method == "scaffold" else smiles.flat_smiles(names))


def _numbered(texts: Sequence[str]) -> np.ndarray:
    """The number of each text in the order of first occurrence."""
    places: dict[str, int] = {}
    return np.array([places.setdefault(text, len(places)) for text in texts], np.int64)
