"""MalNet-Tiny: calls of functions in 5,000 programs, malicious or not (Freitas et al. 2021)."""

import dataclasses
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from gtx.data.columns import SPLITS
from gtx.data.dataset import Dataset
from gtx.data.download import Remote
from gtx.data.exact import DatasetError
from gtx.data.sources.formats.joining import join
from gtx.data.sources.installing import unpacked
from gtx.data.sources.packed_source import PackedSource
from gtx.data.sources.published import Published, Statistics
from gtx.data.spec import Categorical, Column, Label

CLASSES = ("addisplay", "adware", "benign", "downloader", "trojan")
_LISTS = (
    "https://raw.githubusercontent.com/safreita1/malnet-graph/"
    "9ee91fa8fe1f32c48886593d9480e76735f51371/split_info_tiny/type"
)
_SHA256 = dict(
    train="fdbd6781c7ba49ae0b4b7be76f6a92706af81144452abc7e1ddf86cc0f4d2152",
    val="4cf544e0313de7bac169741f43c966aa872a02dfdcb85ade6f44dc2a96682f8a",
    test="7eaeca185497b0be490fc3b77581ccd3edd7f9ecdf4e85fb4341791169251014",
)
# A list of edges begins with so many lines of text.
_HEAD = 5


@dataclasses.dataclass(frozen=True)
class MalNetTiny(PackedSource):
    """`<root>/malnet_tiny/malnet_tiny.npz`: 3,500/500/1,000 graphs of at most 5,000 nodes.

    A node is a function and an edge a call, in one direction as published. Node column "type" is 0
    everywhere: models get encodings, or degrees. The label is the kind of program; PyTorch
    Geometric numbers the five kinds otherwise. The lists of the parts were read; the archive of
    graphs could not be reached when this was written, and its published address is without TLS,
    so that the same address with TLS may not answer. Put the archive beside the lists in that case.

    Attributes:
      root: the folder that holds the folder `malnet_tiny`.
    """

    file: ClassVar[str] = "malnet_tiny/malnet_tiny.npz"
    nodes: ClassVar[Mapping[str, Column]] = {"type": Categorical((1,))}
    label: ClassVar[Label] = Label("graph", "multiclass", len(CLASSES), CLASSES)

    def published(self) -> Published:
        archive = "malnet-graphs-tiny.tar.gz"
        return Published(
            files=(
                Remote(archive, f"https://malnet.cc.gatech.edu/graph-data/{archive}"),
                *(
                    Remote(f"{part}.txt", f"{_LISTS}/{part}.txt", sha256)
                    for part, sha256 in _SHA256.items()
                ),
            ),
            statistics=Statistics(5_000, parts=(3_500, 500, 1_000)),
            licence="CC BY",
            citation="Freitas et al. (2021), arXiv:2011.07682",
            page="https://www.mal-net.org",
            metric="accuracy",
        )

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        graphs: list[dict[str, Any]] = []
        split: list[int] = []
        archive = files["malnet-graphs-tiny.tar.gz"]
        with unpacked(archive, wanted=lambda name: name.endswith(".edgelist")) as inner:
            by_name = {"/".join(name.split("/")[-3:]): path for name, path in inner.items()}
            for code, part in enumerate(_SHA256):
                for name in files[f"{part}.txt"].read_text("ascii").split():
                    kind = name.split("/")[0]
                    if kind not in CLASSES:
                        raise DatasetError(f"{part}.txt: {name!r:.80} is of no known kind.")
                    path = by_name.get(f"{name}.edgelist")
                    if path is None:
                        raise DatasetError(
                            f"{archive.name}: has no {name}.edgelist. Fetch it again."
                        )
                    graphs.append(_graph(path, name, CLASSES.index(kind)))
                    split.append(code)
        assert len(SPLITS) == len(_SHA256), "the parts are train, valid and test"
        return join(graphs, split, self.declared_spec())


def _graph(path: Path, name: str, label: int) -> dict[str, Any]:
    try:
        text = "".join(path.read_text("ascii").splitlines(keepends=True)[_HEAD:])
        if not text.strip():
            raise ValueError("it has no edges")
        edges = np.loadtxt(io.StringIO(text), np.int64, ndmin=2, comments=None)
        if edges.shape[1] != 2 or edges.min() < 0:
            raise ValueError("its lines are not two numbers of nodes each")
    except ValueError as error:
        raise DatasetError(f"{name}.edgelist: cannot be read ({error}). Fetch it again.") from error
    count = int(edges.max()) + 1
    return dict(
        num_nodes=count,
        senders=edges[:, 0],
        receivers=edges[:, 1],
        nodes=dict(type=np.zeros(count, np.int32)),
        edges={},
        labels=label,
    )
