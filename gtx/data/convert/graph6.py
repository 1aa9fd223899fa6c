"""graph6, the text format of nauty for undirected graphs, as a Dataset, and back.

B. McKay's description (https://users.cecs.anu.edu.au/~bdm/data/formats.txt): the number of nodes,
then the upper triangle of the adjacency matrix column by column, six bits in each character.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gtx.data.convert.gathered import Arrays, joined
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import LabelKind

_HEADER = ">>graph6<<"


def from_graph6(
    graphs: str | bytes | Path | Iterable[str | bytes],
    labels: Any = None,
    *,
    kind: LabelKind | None = None,
    split: Any = None,
) -> Dataset:
    """Graphs without features, every edge in both directions. Their names are the texts.

    Args:
      graphs: a text with a graph on each line, the path of such a file, or one text for each.
      labels: one row for each graph.
      kind: of the label; None infers it as `Dataset.from_columns` does.
      split: the part of each graph.

    Raises:
      DatasetError: names the line, and what is wrong with it; sparse6 and digraph6 are refused.
    """
    lines = _lines(graphs)
    arrays, names = [], []
    for number, line in enumerate(lines):
        text = line.removeprefix(_HEADER).strip() if number == 0 else line.strip()
        count, senders, receivers = _read(text, f"graph {number} ({text[:20]!r})")
        both = np.concatenate([senders, receivers]), np.concatenate([receivers, senders])
        arrays.append(Arrays(count, *both, {}))
        names.append(text)
    dataset = joined(arrays, names=names, split=None if labels is not None else split)
    if labels is None:
        return dataset
    from gtx.data.convert.gathered import Target, labels_of

    values, label = labels_of(Target("graph", np.ma.asanyarray(labels), kind))
    return dataset.with_targets("graph", labels=values, split=split, label=label)


def _lines(graphs: Any) -> list[str]:
    if isinstance(graphs, Path):
        graphs = graphs.read_bytes()
    if isinstance(graphs, str | bytes):
        graphs = [line for line in graphs.splitlines() if line.strip()]
    found = []
    for number, line in enumerate(graphs):
        try:
            text = line.decode("ascii") if isinstance(line, bytes) else line
            text.encode("ascii")
        except (UnicodeError, AttributeError) as error:
            raise DatasetError(
                f"graph {number}: is no text of ASCII ({error}). Give lines of graph6."
            ) from error
        found.append(text)
    return found


def _read(text: str, name: str) -> tuple[int, np.ndarray, np.ndarray]:
    """The number of nodes, and both ends of each edge, once."""
    if text[:1] in (":", ";", "&"):
        kind = "digraph6" if text[0] == "&" else "sparse6"
        raise DatasetError(
            f"{name}: is {kind}, not graph6. Read it with networkx, and convert that with "
            "from_networkx."
        )
    values = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 63
    if not len(values) or values.min() < 0 or values.max() > 63:
        raise DatasetError(
            f"{name}: is empty or has a character outside of '?' to '~'. Give one graph on each "
            "line, and nothing else."
        )
    if values[0] < 63:
        count, values = int(values[0]), values[1:]
    elif len(values) > 1 and values[1] < 63:
        count, values = _number(values[1:4], 3, name), values[4:]
    else:
        count, values = _number(values[2:8], 6, name), values[8:]
    pairs = count * (count - 1) // 2
    if len(values) != -(-pairs // 6):  # before anything of this size is made
        raise DatasetError(
            f"{name}: says that it has {count} nodes, which takes {-(-pairs // 6)} characters, and "
            f"has {len(values)}. It was cut short or altered."
        )
    bits = ((values[:, None] >> np.arange(5, -1, -1)) & 1).reshape(-1)
    if bits[pairs:].any():
        raise DatasetError(f"{name}: has bits after its last pair of nodes. It was altered.")
    place = np.flatnonzero(bits[:pairs])
    # Column j of the triangle begins at bit j (j - 1) / 2.
    starts = np.arange(count, dtype=np.int64) * (np.arange(count, dtype=np.int64) - 1) // 2
    column = np.searchsorted(starts, place, side="right") - 1
    return count, place - starts[column], column


def _number(values: np.ndarray, length: int, name: str) -> int:
    if len(values) != length:
        raise DatasetError(f"{name}: ends within the number of its nodes. It was cut short.")
    return sum(int(value) << (6 * place) for place, value in enumerate(values[::-1]))


def to_graph6(dataset: Dataset) -> list[str]:
    """The structure of each graph as a line of graph6; columns and labels are left out.

    Raises:
      DatasetError: a graph has self-loops or parallel edges, or an edge in one direction only.
    """
    found = []
    for number, count in enumerate(dataset.num_nodes.tolist()):
        edge = slice(dataset.edge_ptr[number], dataset.edge_ptr[number + 1])
        senders = dataset.senders[edge].astype(np.int64)
        receivers = dataset.receivers[edge].astype(np.int64)
        forth, back = senders * count + receivers, receivers * count + senders
        problem = ""
        if np.any(senders == receivers):
            problem = "a self-loop"
        elif len(np.unique(forth)) < len(forth):
            problem = "parallel edges"
        elif not np.array_equal(np.sort(forth), np.sort(back)):
            problem = "an edge in one direction only"
        if problem:
            raise DatasetError(
                f"graph {number}: has {problem}, which graph6 cannot say. Leave it out, or take "
                "another format."
            )
        found.append(_write(count, senders, receivers))
    return found


def _write(count: int, senders: np.ndarray, receivers: np.ndarray) -> str:
    if count < 63:
        size: Sequence[int] = [count]
    elif count < 2**18:
        size = [63, *(count >> shift & 63 for shift in (12, 6, 0))]
    else:
        size = [63, 63, *(count >> shift & 63 for shift in (30, 24, 18, 12, 6, 0))]
    pairs = count * (count - 1) // 2
    bits = np.zeros(-(-pairs // 6) * 6, np.int64)
    upper = senders < receivers
    bits[receivers[upper] * (receivers[upper] - 1) // 2 + senders[upper]] = 1
    values = bits.reshape(-1, 6) @ (1 << np.arange(5, -1, -1))
    return "".join(chr(63 + value) for value in (*size, *values.tolist()))
