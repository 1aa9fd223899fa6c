"""How all benchmarks measure: in turn, under both settings of the allocator, spread shown."""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

PACKAGES = ("jax", "flax", "optax", "torch", "torch-geometric")
# glibc decides at its start whether freed memory goes back to the kernel, so each is a process.
# Memory stays with the process; without, each step of either library faults it in anew.
ALLOCATORS: dict[str, dict[str, str]] = {
    "glibc default": {},
    "memory kept": {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "1000000000"},
}


def in_turn(
    functions: Mapping[str, Callable[[], Any]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each function in each round; the order turns from round to round.

    Each is called once beforehand, and must return only when its work is done. The clock
    `time.process_time` counts the work of this process, whatever else the machine does.
    """
    for function in functions.values():
        function()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = clock()
            functions[name]()
            seconds[name].append(clock() - start)
    return seconds


def under_each_allocator(name: str, *, rounds: int, root: str | None) -> dict[str, Any]:
    """What `experiments.benchmark NAME --worker` writes under each setting."""
    results = {}
    for allocator, variables in ALLOCATORS.items():
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "numbers.json"
            command = [sys.executable, "-m", "experiments.benchmark", name]
            command += [f"--worker={path}", f"--rounds={rounds}", f"--root={root or ''}"]
            subprocess.run(command, check=True, env={**kept, **variables})
            results[allocator] = json.loads(path.read_text())
    return results


def spread(values: Any, digits: int = 1) -> str:
    """Median [10th percentile..90th percentile]."""
    low, middle, high = np.percentile(values, [10, 50, 90])
    return f"{middle:.{digits}f} [{low:.{digits}f}..{high:.{digits}f}]"


def machine() -> dict[str, str]:
    """Where and with what the numbers were taken."""
    cpu = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
    return dict(
        machine=f"{cpu}, cores used {len(os.sched_getaffinity(0))} of {os.cpu_count()}, "
        f"load {os.getloadavg()[0]:.1f}",
        versions=", ".join(filter(None, map(_version, PACKAGES))),
        date=time.strftime("%Y-%m-%d"),
    )


def _version(package: str) -> str | None:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return None
