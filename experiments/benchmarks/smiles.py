"""How fast SMILES become graphs, beside RDKit's `MolFromSmiles` alone, which makes molecules.

In turn: by the processor time of one process, and by the clock in one process and in workers, on
one core and on two. RDKit has as many processes, which parse the same molecules in parts of the
same size and throw them away. Both start their processes in each round.
"""

import json
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.benchmarks.measure import in_turn, machine, spread
from gtx.data import molecules, smiles
from gtx.data.sources import ZINC
from gtx.data.workers import workers

NUM_MOLECULES = 40_960
_PART = 1024


def texts(root: str | None, count: int) -> tuple[list[str], str]:
    """Molecules of MOSES where it was fetched, else of ZINC-12k, repeated up to the count."""
    if root is None:
        raise ValueError("the benchmark needs molecules: give --root=<folder> with moses or zinc.")
    path = pathlib.Path(root) / "moses" / "test.csv"
    if path.is_file():
        found = [line.split(",")[0] for line in path.read_text().split()[1:]]
        name = "MOSES"
    else:
        names = ZINC(root).load().names
        assert names is not None
        found, name = names.tolist(), "ZINC-12k"
    return (found * (count // len(found) + 1))[:count], name


def parsed_by_rdkit(given: Sequence[str]) -> int:
    """The number of molecules that RDKit reads."""
    chem = smiles.rdkit()
    with smiles.quiet():
        return sum(chem.MolFromSmiles(text) is not None for text in given)


def by_rdkit(given: list[str], num_workers: int) -> int:
    """The same in worker processes; none for 0."""
    parts = [given[start : start + _PART] for start in range(0, len(given), _PART)]
    with workers(num_workers) as pool:
        return sum((map if pool is None else pool.map)(parsed_by_rdkit, parts))


def ratios(
    given: list[str],
    num_workers: int,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Molecules a second of both, and their ratio, by rounds."""
    functions: dict[str, Callable[[], Any]] = {
        "RDKit": lambda: by_rdkit(given, num_workers),
        "gtx": lambda: molecules.from_smiles(given, num_workers=num_workers),
    }
    seconds = in_turn(functions, rounds, clock)
    rates = {name: [len(given) / value for value in values] for name, values in seconds.items()}
    ratio = np.array(rates["gtx"]) / np.array(rates["RDKit"])
    return dict(rates=rates, ratio=ratio.tolist())


def run(
    *, rounds: int, root: str | None, json_path: str | None, num_molecules: int = NUM_MOLECULES
) -> dict[str, Any]:
    """Print and write both rates on one core and, where there are two, on two."""
    given, name = texts(root, num_molecules)
    results: dict[str, Any] = dict(data=name, num_molecules=len(given))
    cores = sorted(os.sched_getaffinity(0))
    print(f"{len(given):,} molecules of {name}, a second")

    def measure(key: str, *settings: Any) -> None:
        results[key] = found = ratios(given, *settings)
        print(
            f"{key}: RDKit {spread(found['rates']['RDKit'], 0)}, "
            f"gtx {spread(found['rates']['gtx'], 0)}, ratio {spread(found['ratio'], 2)}"
        )

    measure("processor time, 0 workers", 0, rounds, time.process_time)
    try:
        for used in (1, 2)[: len(cores)]:
            os.sched_setaffinity(0, cores[:used])
            for num_workers in (0, 1) if used == 1 else (2,):
                measure(f"{used} cores, {num_workers} workers", num_workers, rounds)
    finally:
        os.sched_setaffinity(0, cores)
    results["machine"] = machine()
    print(results["machine"])
    if json_path:
        pathlib.Path(json_path).write_text(json.dumps(results, indent=1))
    return results
