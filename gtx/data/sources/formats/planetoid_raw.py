"""The eight files of a graph of Planetoid (Yang et al. 2016): pickles, and a list of nodes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from gtx.data.download import Csr, read_pickle
from gtx.data.exact import DatasetError

PARTS = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")
NUM_VALID = 500
# One of PubMed is missing: it could not be reached when this was written.
SHA256 = {
    "ind.cora.x": "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab",
    "ind.cora.tx": "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a",
    "ind.cora.allx": "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543",
    "ind.cora.y": "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1",
    "ind.cora.ty": "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad",
    "ind.cora.ally": "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71",
    "ind.cora.graph": "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d",
    "ind.cora.test.index": "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875",
    "ind.citeseer.x": "d20de19150741e555de0ed037195630fc194114ebc7fd72ced62810148aa22f6",
    "ind.citeseer.tx": "539a8906a2da97628d212f2fdd668c109a8b3f0d36574b59e5d3fd5b5303da21",
    "ind.citeseer.allx": "2ac30345d95c9ec933a817ee0bdd6a5f077f8c184a20e696910192d534414668",
    "ind.citeseer.y": "8ba87e515d8e3ee3cf52f6d2c5b86aa73f11ecad825a808455209ec26cd54924",
    "ind.citeseer.ty": "55e5bd1ba1e733a04598753ad1a8d57957f4b8f89e74519f41f4f4938767e4ce",
    "ind.citeseer.ally": "f704b2d986dde6c2669934de1f3ae5696a6cf9455c0f6b2646a2d135ea0a1c95",
    "ind.citeseer.graph": "d79a4ef9d3e7169aee8946145f6b7306e35bc79bffad26346cfb94e10e9912a7",
    "ind.citeseer.test.index": "2af990671580b6b2df5d158d1038f8292e30c9cd821b5453f399659b25b723d4",
    "ind.pubmed.x": "fbe9cb5c47200d1b7769a26e579be3b7130b556831f9d850e77c4c74f2599b33",
    "ind.pubmed.tx": "4eb5f5d0f30f26497eb0ac6ac9719d09c67e284f1ed0385c93f3ef27a671da3d",
    "ind.pubmed.y": "e6c807633307a07ed659249006536a147c7999c797f11a2560752990181b41b3",
    "ind.pubmed.ty": "ee2e0d4819d9fbcc403689c3bf2e49face401b605932f093bc58ab6461130fdd",
    "ind.pubmed.ally": "0c37bbe3b5014ec365e9d393cf4791925e5ed94fb194305d74f064a8d7b50f0e",
    "ind.pubmed.graph": "5b89f0036ca22909471f1e6558eb42fa06e0c730a577bde5b058b40638f81dc9",
    "ind.pubmed.test.index": "b101d421688bbaecbd82e8a18f1e282378d6830f3a37666f28ebc47f844341b5",
}


def read(files: Mapping[str, Path], name: str) -> dict[str, np.ndarray]:
    """The arrays of a graph, as `gtx.data.sources.Planetoid` reads them.

    The files hold the labelled nodes (x), these with all that are not for the test (allx), and the
    test nodes in the order of `test.index` (tx). Train are the labelled nodes and valid the next
    500. Nodes without any entry, of which CiteSeer has 15, have no words, no class (-1) and no
    part. Edges are kept once in each direction, without loops.

    Args:
      files: paths by name, `ind.<name>.<part>`.
      name: name of the graph.

    Raises:
      DatasetError: a file is damaged, or they do not agree.
    """
    found = {part: files[f"ind.{name}.{part}"] for part in PARTS}
    what = f"ind.{name}"
    try:
        test = np.array(found["test.index"].read_text("ascii").split(), np.int64)
    except ValueError as error:
        raise DatasetError(f"{what}.test.index: cannot be read ({error}).") from error
    words = {part: _matrix(found[part], what) for part in ("x", "tx", "allx")}
    classes = {part: _classes(found[part], what) for part in ("y", "ty", "ally")}
    graph: Any = read_pickle(found["graph"])
    known, shown = words["allx"].shape[0], words["tx"].shape[0]
    if (
        len(test) == 0
        or len({len(test), shown, len(classes["ty"])}) != 1
        or len(np.unique(test)) != len(test)
        or test.min() < known
        or len(classes["ally"]) != known
        or words["x"].shape[0] != len(classes["y"])
        or len(classes["y"]) + NUM_VALID > known
        or words["tx"].shape[1] != words["allx"].shape[1]
        or not isinstance(graph, dict)
    ):
        raise DatasetError(f"{what}: its files speak of different nodes. Fetch them again.")
    count = int(test.max()) + 1
    # A row for each node: those that are not for the test, then the test nodes at their places.
    rows = sparse.coo_array(words["tx"])
    top = sparse.coo_array(words["allx"])
    whole = sparse.csr_array(
        (
            np.concatenate([top.data, rows.data]),
            (
                np.concatenate([top.coords[0], test[rows.coords[0]]]),
                np.concatenate([top.coords[1], rows.coords[1]]),
            ),
        ),
        shape=(count, words["allx"].shape[1]),
    )
    y = np.full(count, -1, np.int8)
    y[:known], y[test] = classes["ally"], classes["ty"]
    return dict(
        edge_index=_edges(graph, count, what),
        y=y,
        train_idx=np.arange(len(classes["y"]), dtype=np.int32),
        val_idx=np.arange(len(classes["y"]), len(classes["y"]) + NUM_VALID, dtype=np.int32),
        test_idx=np.sort(test).astype(np.int32),
        x_data=whole.data.astype(np.float32),
        x_indices=whole.indices.astype(np.int32),
        x_indptr=whole.indptr.astype(np.int64),
        x_shape=np.array(whole.shape, np.int64),
    )


def _matrix(path: Path, what: str) -> Any:
    found = read_pickle(path)
    if not isinstance(found, Csr):
        raise DatasetError(f"{what}: {path.name} holds no sparse matrix.")
    return found.to_scipy()


def _classes(path: Path, what: str) -> np.ndarray:
    """The class of each row of a matrix with one 1 in each."""
    found = read_pickle(path)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or np.any(found.sum(axis=1) > 1):
        raise DatasetError(f"{what}: {path.name} holds no classes.")
    return np.argmax(found, axis=1)


def _edges(graph: dict[Any, Any], count: int, what: str) -> np.ndarray:
    """Both directions of every edge, [2, edges]."""
    try:
        sizes = {int(node): len(near) for node, near in graph.items()}
        senders = np.repeat(list(sizes), list(sizes.values()))
        receivers = np.array([other for near in graph.values() for other in near], np.int64)
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{what}.graph: holds no lists of nodes ({error}).") from error
    ends = np.stack([senders.astype(np.int64), receivers])
    if ends.size and (ends.min() < 0 or ends.max() >= count):
        raise DatasetError(f"{what}.graph: an edge ends at a node that does not exist.")
    ends = ends[:, ends[0] != ends[1]]
    return np.unique(np.concatenate([ends, ends[::-1]], axis=1), axis=1).astype(np.int32)
