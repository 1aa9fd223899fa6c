"""What is known of a published dataset: its files, its sizes, whose it is and on what terms."""

import dataclasses

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.download import Remote


@dataclasses.dataclass(frozen=True)
class Statistics:
    """The sizes of a published dataset, as its paper or its first reader counts them.

    Attributes:
      graphs: number of graphs.
      nodes: of all graphs together; None where it is not published exactly.
      edges: directed edges of all graphs, as a Dataset has them; None as for nodes.
      parts: targets of train, valid and test; None where there is no published split.
    """

    graphs: int
    nodes: int | None = None
    edges: int | None = None
    parts: tuple[int, int, int] | None = None

    def differences(self, dataset: Dataset) -> list[str]:
        """In what a dataset differs, in words: "41,126 graphs instead of 41,127"."""
        split = dataset.targets.split
        parts = [int(np.sum(split == code)) for code in range(len(SPLITS))]
        found = dict(graphs=len(dataset), nodes=dataset.node_ptr[-1], edges=dataset.edge_ptr[-1])
        counted: list[tuple[str, int, int | None]] = [
            (name, int(value), getattr(self, name)) for name, value in found.items()
        ]
        if self.parts is not None:
            names = (f"{name} targets" for name in SPLITS)
            counted += zip(names, parts, self.parts, strict=True)
        return [
            f"{value:,} {name} instead of {wanted:,}"
            for name, value, wanted in counted
            if wanted is not None and value != wanted
        ]


@dataclasses.dataclass(frozen=True)
class Published:
    """A published dataset.

    Attributes:
      files: what `gtx datasets fetch` downloads; empty if only a person can (a licence to accept).
      statistics: its sizes, or None where nothing is published.
      licence: terms of use of the data, in a few words.
      citation: whom to cite, author and year.
      page: where it is described.
      metric: name of the metric by which published scores are stated, as `config.task.metric`; ""
        for that of its kind of label.
      negatives: of links, how many are drawn for each in training, as `config.task.negatives`.
      candidates: of links, among how many each is ranked, as `config.task.candidates`.
      tried: whether the published files themselves were read when this was written. Where they
        could not be reached, what reads them is tested on small files of their form alone.
    """

    files: tuple[Remote, ...]
    statistics: Statistics | None
    licence: str
    citation: str
    page: str
    metric: str = ""
    negatives: int = 0
    candidates: int = 0
    tried: bool = False
