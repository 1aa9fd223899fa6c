"""Encodings of one large graph: seconds and memory at 10,000, 100,000 and a million nodes.

Random graphs of mean degree 10, in which a walk soon reaches every node, and square grids, in
which it does not. Each case is a process of its own, so that its memory is known, and is given
up after some minutes of the processor: what takes longer is said to.
"""

import json
import multiprocessing
import os
import pathlib
import resource
import signal
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from experiments.benchmarks.measure import machine
from experiments.benchmarks.memory import peak_memory
from gtx.data import Dataset
from gtx.encodings import LaplacianEigenvectors, RandomWalk, encode

SIZES = (10_000, 100_000, 1_000_000)
MEAN_DEGREE = 10
LIMIT = 300  # seconds of the processor
ENCODINGS: dict[str, Any] = {
    "RWSE, 8 steps": RandomWalk(8),
    "RWSE, 20 steps": RandomWalk(20),
    "LapPE, 8 not trivial": LaplacianEigenvectors(8, "sym", trivial=False),
}


def random_graph(n: int, seed: int = 0) -> Dataset:
    """Undirected, of n nodes and MEAN_DEGREE / 2 * n edges between random nodes."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, n, (2, n * MEAN_DEGREE // 2))
    return undirected(n, ends[:, ends[0] != ends[1]])


def grid(n: int) -> Dataset:
    """A square of about n nodes, each joined to those beside it."""
    side = int(np.sqrt(n))
    number = np.arange(side**2).reshape(side, side)
    pairs = [(number[1:], number[:-1]), (number[:, 1:], number[:, :-1])]
    return undirected(side**2, np.concatenate([np.stack(p).reshape(2, -1) for p in pairs], axis=1))


GRAPHS = {"random": random_graph, "grid": grid}


def undirected(n: int, ends: np.ndarray) -> Dataset:
    """One graph with each of the edges [2, edges] in both directions."""
    both = np.concatenate([ends, ends[::-1]], axis=1)
    return Dataset.from_columns(
        node_ptr=[0, n], edge_ptr=[0, both.shape[1]], senders=both[0], receivers=both[1]
    )


def case(graph: str, n: int, encoding: str, limit: int, answer: Connection) -> None:
    """Send the seconds and the largest memory of this process, before and after.

    The system ends it after LIMIT seconds of the processor.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    dataset = GRAPHS[graph](n)
    before = peak_memory()
    start, processor = time.perf_counter(), time.process_time()
    end = int(processor) + limit + 1
    resource.setrlimit(resource.RLIMIT_CPU, (end, end + 10))  # SIGXCPU at the first
    encode(dataset, ENCODINGS[encoding])
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    after = peak_memory()
    answer.send(dict(seconds=seconds, processor=processor, before=before, after=after))


def measure(graph: str, n: int, encoding: str) -> dict[str, Any]:
    """The answer of `case`, or its problem."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=case, args=(graph, n, encoding, LIMIT, send))
    process.start()
    send.close()
    found: dict[str, Any] = dict(graph=graph, nodes=n, encoding=encoding)
    try:
        found |= receive.recv()
    except EOFError:  # it ended: by the limit, or as the system took its memory away
        process.join()
        by_limit = process.exitcode == -signal.SIGXCPU
        found["problem"] = f"> {LIMIT}" if by_limit else "failed"
    process.join()
    return found


def run(*, rounds: int, root: str | None, json_path: str | None) -> None:
    """Measure each case once; print and save a table."""
    del rounds, root
    about = machine()
    lines = ["encodings of one graph, one core"]
    lines += [f"  {name}: {value}" for name, value in about.items()]
    lines.append(
        f"  {'encoding':24}{'graph':8}{'nodes':>10}{'processor':>11}{'clock':>10}{'memory':>12}"
    )
    print("\n".join(lines))
    results = []
    for encoding in ENCODINGS:
        for graph in GRAPHS:
            problem = ""
            for n in SIZES:
                found = dict(graph=graph, nodes=n, encoding=encoding, problem=problem)
                results.append(found if problem else measure(graph, n, encoding))
                problem = results[-1].get("problem", "")  # larger graphs have it too
                print(row(results[-1]), flush=True)
    print("  memory: of the process at its largest, less what it took with the graph")
    if json_path:
        text = json.dumps(dict(about=about, results=results), indent=1)
        pathlib.Path(json_path).write_text(text + "\n")


def row(found: dict[str, Any]) -> str:
    line = f"  {found['encoding']:24}{found['graph']:8}{found['nodes']:>10,}"
    if "problem" in found:
        return line + f"{found['problem']:>9} s"
    memory = (found["after"] - found["before"]) / 2**20
    times = f"{found['processor']:>9.1f} s{found['seconds']:>8.1f} s"
    return line + f"{times}{memory:>8,.0f} MiB"
