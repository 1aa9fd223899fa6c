"""Encodes a whole dataset: in parts, with a cache, worker processes and a progress bar."""

import concurrent.futures
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gtx.data.dataset import Dataset
from gtx.encodings.base import MAX_NODES as MAX_NODES
from gtx.encodings.base import Encoding, EncodingError, Key
from gtx.encodings.engine import cache
from gtx.encodings.engine.memory import check_memory
from gtx.encodings.engine.parts import (
    compute,
    compute_into,
    edge_weights,
    empty,
    plan,
    scatter,
    topology,
)
from gtx.encodings.engine.values import DENSE_NODES
from gtx.encodings.engine.workers import workers

_Columns = dict[Key, np.ndarray]
_Pool = concurrent.futures.Executor


def apply(
    dataset: Dataset,
    encodings: Iterable[Encoding],
    *,
    weights: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    num_workers: int = 0,
    progress: bool = False,
    max_memory: int | None = None,
) -> Dataset:
    """The dataset with the columns of `encodings` added: float32, or int32 for codes.

    Graphs of equal size are encoded together, as dense matrices. A graph of more than 1,024 nodes
    of whose pairs at most one in a hundred is an edge, and every graph of more than 4,096 nodes, is
    encoded by `Encoding.sparse`.

    Args:
      dataset: any; columns of the same names are replaced.
      encodings: each with its own column names.
      weights: name of the edge column that holds the weights of edges: one number per edge, not
        negative. The weights of duplicates are added. Without it every edge has the weight 1. An
        edge of weight 0 counts as no edge. Distances and paths depend only on which edges exist,
        not on other weights.
      cache_dir: a folder in which results are stored. They are found by the content of the graphs
        and the version of the encoding. Finished parts are stored too, so that an interrupted run
        can continue. Several processes may share the folder.
      num_workers: number of processes that encode the graphs of up to 1,024 nodes; 0 for this
        process. The values do not depend on it. Workers are spawned, which takes some seconds, so
        they help with large datasets only. The script needs `if __name__ == "__main__"`.
      progress: whether to show a bar, if standard error is a terminal.
      max_memory: bytes that columns and work may take; None for the free memory of the machine.

    Raises:
      EncodingError: two encodings make the same column; a graph has more than 4,096 nodes and an
        encoding has no `sparse`; there is not enough memory; a weight is negative or not finite;
        a value does not fit its column; or results cannot be stored in `cache_dir`.
    """
    encodings = tuple(encodings)
    _check_names(encodings)
    check_memory(dataset, encodings, num_workers=num_workers, max_memory=max_memory)
    values = None if weights is None else edge_weights(dataset, weights)
    result = dataset
    with workers(num_workers) as pool:
        for encoding in encodings:
            with _bar(encoding.name, len(dataset), progress) as advance:
                columns = _encode(dataset, encoding, values, cache_dir, pool, advance)
            for (level, name), column in encoding.columns().items():
                result = result.with_columns(level, {name: columns[level, name]}, {name: column})
    return result


def encode(dataset: Dataset, encoding: Encoding, *, weights: str | None = None) -> _Columns:
    """The columns of one encoding, with one row per node, pair or graph."""
    check_memory(dataset, [encoding])
    values = None if weights is None else edge_weights(dataset, weights)
    return _encode(dataset, encoding, values, None, None, lambda count: None)


def _encode(
    dataset: Dataset,
    encoding: Encoding,
    weights: np.ndarray | None,
    cache_dir: str | os.PathLike[str] | None,
    pool: _Pool | None,
    advance: Callable[[int], None],
) -> _Columns:
    columns = empty(encoding, dataset.num_nodes)
    file = None if cache_dir is None else cache.cache_file(cache_dir, dataset, encoding, weights)
    kept = None if file is None else cache.read(file, columns)
    if kept is not None:
        advance(len(dataset))
        return kept
    if cache_dir is not None:
        cache.make_folder(cache_dir)
    parts = plan(dataset)
    part_files = file if len(parts) > 1 else None
    n_node = dataset.num_nodes
    running: dict[concurrent.futures.Future[_Columns], np.ndarray] = {}

    def finish(graphs: np.ndarray, part: _Columns) -> None:
        scatter(columns, part, graphs, n_node)
        advance(len(graphs))

    def keep(graphs: np.ndarray, part: _Columns) -> None:
        nonlocal part_files
        if part_files is not None and not cache.write(cache.part_file(part_files, graphs), part):
            part_files = None  # one warning is enough; the whole result may still fit at the end
        finish(graphs, part)

    def collect(futures: Iterable[concurrent.futures.Future[_Columns]]) -> None:
        for future in futures:
            keep(running.pop(future), future.result())

    # Large graphs come last, so that workers encode small graphs while this process does those.
    for graphs in parts:
        kept = None
        if part_files is not None:  # read late, because another process may have finished it
            expected = empty(encoding, n_node[graphs])
            kept = cache.read(cache.part_file(part_files, graphs), expected)
        if kept is not None:
            finish(graphs, kept)
        elif pool is not None and n_node[graphs].max() <= DENSE_NODES:
            running[pool.submit(compute, encoding, topology(dataset, graphs, weights))] = graphs
        elif part_files is not None:
            keep(graphs, compute(encoding, topology(dataset, graphs, weights)))
        else:  # nothing is stored in parts, so the values need no copy of their own
            compute_into(columns, encoding, topology(dataset, graphs, weights), graphs, n_node)
            advance(len(graphs))
        collect([future for future in running if future.done()])
    collect(concurrent.futures.as_completed(list(running)))
    if file is not None and cache.write(file, columns):
        cache.remove_parts(file)
    return columns


@contextlib.contextmanager
def _bar(name: str, total: int, shown: bool) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda count: None
        return
    columns = (TextColumn(f"{name} graphs"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)


def _check_names(encodings: Sequence[Encoding]) -> None:
    seen: set[Key] = set()
    for encoding in encodings:
        for key in encoding.columns():
            if key in seen:
                raise EncodingError(
                    f"two encodings make the {key[0]} column {key[1]!r}; give one another name."
                )
            seen.add(key)
