"""BREC (Wang and Zhang 2023): 400 pairs of graphs that are hard to tell apart."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from gtx.data import packed
from gtx.data.columns import SPLITS, offsets
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.sources.formats import graph6
from gtx.data.sources.installing import write_bytes
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Name, Seed, Whole

_COMMIT = "966b5ed5c27bf6372ea081f90ef8c8b2a3342ebc"
# The files of pairs in the order of the published numbering, and how many pairs each has.
PAIRS = dict(basic=60, regular=50, str=50, extension=100, cfi=100, **{"4vtx": 20}, dr=20)
_SHA256 = {
    "basic": "adef7f761b803026b515d94172399f5db72fe73859b0e489a1edfaa5874aeec2",
    "regular": "e9e85ff2003f50676e2a2ac7ef70b8ad919598c3042aaf8f5f6f43184bfdc663",
    "str": "6de58d99b80b7ace4529d17cf8fe3d000b496b3c2a7ab7f59fe3f28f61746d6f",
    "extension": "9b76b59842f997a502a83724daba033d793c5fbc9c2aa758834beb78d2309d4a",
    "cfi": "e8d56d7c0a22768da8dfdcaae800bc8dc815fb10b1bf1b52dc7893ed68c4e92f",
    "4vtx": "a9e593c485f3fa08d3db967d7c545a4f5cf7f417f016c9a77a5c1cc646786cea",
    "dr": "11b861e1439ddee4c58fa04b523e874c25fdbb4ba867f3ac9104711cb3739d89",
}
NUM_PAIRS = sum(PAIRS.values())


@dataclasses.dataclass(frozen=True)
class BREC(DataSource):
    """`<root>/expressivity/brec_<family>.g6`: renumbered copies of the two graphs of one pair.

    A file of graph6 has one graph on each line; lines 2i and 2i + 1, counted from 0, are a pair.
    The label says which of the two graphs a copy shows. A model that cannot tell the pair apart
    scores 0.5 whatever it learns. Copy number i depends only on the seed and on i. A fifth of the
    copies of each graph is for validation, two fifths for the test and the others for training.
    The protocol of the paper compares outputs of copies by a test of Hotelling instead.

    Pairs 0 to 59 are basic, then come 50 regular, 50 strongly regular, 100 extension, 100 CFI, 20
    of the 4-vertex condition and 20 distance-regular, as in the authors' `dataset_v3.py`; the basic
    ones have 10 nodes each. Node column "type" is 0 everywhere.

    Attributes:
      root: the folder that holds the folder `expressivity`.
      pair: number of the pair, from 0 to 399.
      copies: copies of each of the two graphs.
      split_seed: seed of the numberings.
    """

    root: Name
    pair: Annotated[int, Whole(0, NUM_PAIRS)] = 0
    copies: Annotated[int, Whole(5)] = 32
    split_seed: Seed = 0

    label: ClassVar[Label] = Label("graph", "binary", 1, ("second",))
    needs: ClassVar[str] = "the files <root>/expressivity/brec_<family>.g6"

    @property
    def _place(self) -> tuple[str, int]:
        """The family of the pair, and its number in that family."""
        number = self.pair
        for family, count in PAIRS.items():
            if number < count:
                return family, number
            number -= count
        raise AssertionError("the number of the pair is checked.")

    @property
    def file(self) -> str:
        return f"expressivity/brec_{self._place[0]}.g6"

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=dict(type=Categorical((1,))), label=self.label)

    def _graphs(self) -> list[tuple[int, np.ndarray]]:
        """The graphs of all pairs of the family."""
        path, count = packed.find(self.root, self.file), 2 * PAIRS[self._place[0]]
        graphs = graph6.read(path)
        if len(graphs) != count:
            raise DatasetError(
                f"{path.name}: holds {len(graphs)} graphs instead of {count}. Fetch it again."
            )
        return graphs

    def counted(self, dataset: Dataset) -> Dataset:
        """The file of the family, with each graph of each pair once."""
        del dataset
        sizes, ends = zip(*self._graphs(), strict=True)
        senders, receivers = np.concatenate(ends, axis=1)
        return Dataset.from_columns(
            node_ptr=offsets(sizes),
            edge_ptr=offsets([edges.shape[1] for edges in ends]),
            senders=senders,
            receivers=receivers,
        )

    def load(self) -> Dataset:
        number = self._place[1]
        pair = self._graphs()[2 * number : 2 * number + 2]
        which = np.arange(2 * self.copies) % 2
        ends, sizes = [], [pair[second][0] for second in which]
        for copy_number, second in enumerate(which):
            num_nodes, edges = pair[second]
            seed = (self.split_seed, self.pair, copy_number)
            ends.append(np.random.default_rng(seed).permutation(num_nodes)[edges])
        index = np.concatenate(ends, axis=1)
        share = (np.arange(2 * self.copies) // 2) % 5
        split = np.select([share == 0, share < 3], [SPLITS.index("valid"), SPLITS.index("test")], 0)
        return Dataset.from_columns(
            nodes=dict(type=np.zeros(sum(sizes), np.int32)),
            node_ptr=offsets(sizes),
            edge_ptr=offsets([edges.shape[1] for edges in ends]),
            senders=index[0],
            receivers=index[1],
            labels=which[:, None].astype(np.float32),
            split=split.astype(np.int8),
            spec=self.declared_spec(),
        )

    @classmethod
    def variants(cls) -> tuple[dict[str, Any], ...]:
        first = [0, *np.cumsum(list(PAIRS.values()))[:-1].tolist()]
        return tuple(dict(pair=pair) for pair in first)

    def published(self) -> Published:
        repository = "https://raw.githubusercontent.com/GraphPKU/BREC"
        family = self._place[0]
        address = f"{repository}/{_COMMIT}/customize/Data/raw/{family}.npy"
        return Published(
            files=(Remote(f"{family}.npy", address, _SHA256[family]),),
            statistics=Statistics(2 * PAIRS[family], nodes=1200 if family == "basic" else None),
            licence="MIT",
            citation="Wang and Zhang (2023), arXiv:2304.07702",
            page="https://github.com/GraphPKU/BREC",
            tried=True,
        )

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        (path,) = files.values()
        try:
            texts = np.load(path, allow_pickle=False).reshape(-1)
            if texts.dtype.kind not in "SU" or len(texts) != 2 * PAIRS[self._place[0]]:
                raise ValueError(f"{len(texts)} values of {texts.dtype}")
            lines = [text if isinstance(text, bytes) else str(text).encode() for text in texts]
            for line in lines:
                graph6.parse(line)
        except (ValueError, EOFError) as error:
            raise DatasetError(f"{path.name}: holds no graphs ({error}).") from error
        write_bytes(b"".join(line + b"\n" for line in lines), target)
