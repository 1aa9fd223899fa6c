"""Citations between papers of Cora, CiteSeer and PubMed as links to predict."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.sources.planetoid import (
    NUM_WORDS,
    CitationGraph,
    Planetoid,
    both_ways,
    read,
    words,
)
from gtx.data.sources.published import Published
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.limits import Name, Real, Seed

Share = Annotated[float, Real(above=0.0, below=1.0)]


@dataclasses.dataclass(frozen=True)
class PlanetoidLinks(DataSource):
    """A graph without its hidden links. The targets are pairs of nodes, linked or not.

    The split of Kipf and Welling (2016): 5 % of the links are valid and 10 % are test. These links
    are removed from the edges of the graph. Each part has the same number of negatives (pairs
    without a link), drawn at random once. No pair occurs twice in the table. Links have no
    direction: a pair occurs once, with its smaller node first. Positives are ranked among the
    negatives of their part.

    Attributes:
      root: the folder that holds the folder `planetoid`; see `Planetoid` for its files.
      graph: name of the graph.
      split_seed: seed of the hidden links and of the negatives.
      valid_share, test_share: shares of the links.
    """

    root: Name
    graph: CitationGraph = "cora"
    split_seed: Seed = 0
    valid_share: Share = 0.05
    test_share: Share = 0.1

    needs: ClassVar[str] = "the file <root>/planetoid/<graph>.npz"
    label: ClassVar[Label] = Label("pair", "binary", 1, ("link",))
    splits: ClassVar[tuple[str, ...]] = ("given",)

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        return Planetoid.variants()

    @property
    def _graph(self) -> Planetoid:
        return Planetoid(self.root, self.graph)

    @property
    def file(self) -> str:
        return self._graph.file

    def published(self) -> Published:
        # Their parts are nodes.
        known = self._graph.published()
        return dataclasses.replace(known, statistics=None)

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        self._graph.convert(files, target)

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(words=Continuous(NUM_WORDS[self.graph])), label=self.label)

    def load(self) -> Dataset:
        data = read(self.root, self.graph)
        num_nodes, rng = len(data["y"]), np.random.default_rng(self.split_seed)
        links = np.unique(np.sort(data["edge_index"].astype(np.int64), axis=0), axis=1)
        links = links[:, links[0] != links[1]]
        count = links.shape[1]
        valid, test = round(self.valid_share * count), round(self.test_share * count)
        if min(valid, test, count - valid - test) < 1:
            raise DatasetError(
                f"PlanetoidLinks: valid_share {self.valid_share} and test_share {self.test_share} "
                f"of {count} links leave a part empty. Give shares that leave some to each."
            )
        links = links[:, rng.permutation(count)]
        part = np.repeat([1, 2, 0], [valid, test, count - valid - test])
        none = other_pairs(links, num_nodes, rng)
        dataset = Dataset.from_columns(
            nodes=dict(words=words(data)), **both_ways(links[:, part == 0], num_nodes)
        )
        return dataset.with_targets(
            "pair",
            np.concatenate([links, none], axis=1).T,
            np.repeat([1.0, 0.0], count),
            np.concatenate([part, part]),
            label=self.label,
        )


def other_pairs(links: np.ndarray, num_nodes: int, rng: np.random.Generator) -> np.ndarray:
    """Different pairs without a link, as many as there are links: [2, links], smaller node first.

    Raises:
      DatasetError: there are not enough such pairs.
    """
    count, every = links.shape[1], num_nodes * (num_nodes - 1) // 2
    if 2 * count > every:
        raise DatasetError(
            f"PlanetoidLinks: {count} of {every} pairs are links, so there are not as many that "
            "are none. Take a graph with fewer links."
        )
    taken = links[0] * num_nodes + links[1]
    found = np.zeros(0, np.int64)
    # Rejection sampling: at least half of all pairs have no link, so few rounds are needed.
    while len(found) < count:
        drawn = np.sort(rng.integers(0, num_nodes, (2, 2 * count)), axis=0)
        codes = drawn[0, drawn[0] < drawn[1]] * num_nodes + drawn[1, drawn[0] < drawn[1]]
        found = np.concatenate([found, codes[~np.isin(codes, taken)]])
        _, first = np.unique(found, return_index=True)
        found = found[np.sort(first)]  # in the order in which they were drawn
    return np.stack(np.divmod(found[:count], num_nodes))
