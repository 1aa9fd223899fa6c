"""graph6: an undirected graph without features on each line of a text file (McKay)."""

from pathlib import Path

import numpy as np

from gtx.data.exact import DatasetError

_HEAD = b">>graph6<<"


def read(path: Path) -> list[tuple[int, np.ndarray]]:
    """The graphs of a file: the number of nodes, and both directions of the edges, [2, edges].

    Raises:
      DatasetError: names the line that is no graph6.
    """
    lines = path.read_bytes().removeprefix(_HEAD).splitlines()
    graphs = []
    for number, line in enumerate(lines, start=1):
        try:
            graphs.append(parse(line))
        except ValueError as error:
            raise DatasetError(f"{path.name}: line {number} is no graph6: {error}.") from error
    return graphs


def parse(line: bytes) -> tuple[int, np.ndarray]:
    """One graph, as `read` gives it.

    Raises:
      ValueError: says what is wrong.
    """
    values = np.frombuffer(line, np.uint8).astype(np.int64) - 63
    if len(values) == 0 or values.min() < 0 or values.max() > 63:
        raise ValueError("it is empty, or holds a character that is none of '?' to '~'")
    # One number for up to 62 nodes; a 63 before three more, and two before six more.
    start, digits = (1, values[:1]) if values[0] < 63 else (4, values[1:4])
    if list(values[:2]) == [63, 63]:
        start, digits = 8, values[2:8]
    if len(values) < start:
        raise ValueError("it ends in its number of nodes")
    nodes = 0
    for digit in digits.tolist():
        nodes = 64 * nodes + digit
    pairs = nodes * (nodes - 1) // 2
    if len(values) - start != -(-pairs // 6):
        raise ValueError(f"it has {len(values) - start} numbers for {nodes} nodes")
    bits = (values[start:, None] >> np.arange(5, -1, -1)) & 1
    flat = bits.ravel()
    if np.any(flat[pairs:]):
        raise ValueError("it goes on after its last pair")
    # The upper triangle, column by column.
    place = np.flatnonzero(flat[:pairs])
    second = np.floor((1 + np.sqrt(1 + 8 * place)) / 2).astype(np.int64)
    second -= second * (second - 1) // 2 > place
    first = place - second * (second - 1) // 2
    ends = np.stack([first, second])
    return nodes, np.concatenate([ends, ends[::-1]], axis=1)
