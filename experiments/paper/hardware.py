"""E17: the same attention as matrices and as edges, over sizes and densities: who is faster."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.measure import in_turn
from experiments.paper.equality import complete_structure, edge_structure
from experiments.paper.results import Measurement, largest_difference
from gtx.ops import attention

HEADS, HEAD_DIM = 4, 16
SIZES = tuple(2**power for power in range(6, 14))
# 0 stands for 1 / n: with the self-loops about two edges per node.
DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.0)
PASSES = ("forward", "forward and backward")
# Beyond, what "edges" gathers takes gigabytes; there only "blocked edges" runs.
MAX_GATHERED = 1_500_000
# Beyond, blocks of edges take seconds a pass: such points are left out.
MAX_EDGES = 7_000_000
# Beyond LARGE nodes a pass takes a second and varies less.
ROUNDS, ROUNDS_OF_LARGE, LARGE = 20, 5, 2048
Arrays = tuple[Any, Any, Any, Any]


def random_mask(n: int, density: float) -> np.ndarray:
    """Directed, each pair with this chance and every node with itself; all pairs for 1."""
    rng = np.random.default_rng(n)
    mask = rng.random((n, n)) < (density or 1 / n)
    return mask | np.eye(n, dtype=bool)


def forms(mask: np.ndarray) -> dict[str, Callable[..., Any]]:
    """Programs of (query, key, value) that compute the attention along a mask."""
    n, pairs = len(mask), complete_structure(len(mask), mask)
    edges = edge_structure(mask)
    found: dict[str, Any] = {
        "masked dense": (pairs, "dense"),
        "blocked masked dense": (pairs, "chunked"),
        "blocked edges": (edges, "chunked"),
    }
    if mask.sum() <= MAX_GATHERED:
        found["edges"] = (edges, "edges")
    if mask.all():
        found["dense"] = (complete_structure(n), "dense")

    def attend(structure: Any, name: str, *arrays: Any) -> Any:
        return attention(*arrays, structure, implementation=name)

    return {name: functools.partial(attend, *bound) for name, bound in found.items()}


def passes(attend: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """A program as it predicts, and with its gradients as it trains."""

    def backward(query: Any, key: Any, value: Any, cotangent: Any) -> Any:
        out, pull = jax.vjp(attend, query, key, value)
        return out, *pull(cotangent)

    return {PASSES[0]: lambda *arrays: attend(*arrays[:3]), PASSES[1]: backward}


def draw(n: int) -> Arrays:
    rng = np.random.default_rng(n + 1)
    values = rng.normal(size=(4, n, HEADS, HEAD_DIM)).astype(np.float32)
    return tuple(jnp.asarray(array) for array in values)


def disagreement(results: dict[str, Any]) -> float:
    """Largest difference from the masked dense form, relative to each array's largest entry."""
    expected = jax.tree.leaves(results["masked dense"])
    scales = [max(float(np.abs(array).max()), 1e-3) for array in expected]
    return max(
        largest_difference(found, wanted) / scale
        for leaves in results.values()
        for found, wanted, scale in zip(jax.tree.leaves(leaves), expected, scales, strict=True)
    )


def agreement(
    sizes: Sequence[int] = (96,), densities: Sequence[float] = (1.0, 0.1, 0.0)
) -> Measurement:
    """All forms at all points, results and gradients compared, nothing timed."""
    worst = 0.0
    for n in sizes:
        arrays = draw(n)
        for density in densities:
            programs = {
                f: passes(attend)[PASSES[1]] for f, attend in forms(random_mask(n, density)).items()
            }
            run = jax.jit(
                lambda *arrays, programs=programs: {
                    name: program(*arrays) for name, program in programs.items()
                }
            )
            worst = max(worst, disagreement(run(*arrays)))
    return Measurement(dict(disagreement=worst, points=len(sizes) * len(densities)))


def measure_point(n: int, density: float, rounds: int) -> dict[str, Any]:
    """Milliseconds and temporary memory of every form at one size and density."""
    mask, arrays = random_mask(n, density), draw(n)
    point: dict[str, Any] = dict(n=n, density=density or 1 / n, edges=int(mask.sum()))
    for name in PASSES:
        compiled = {
            form: jax.jit(passes(attend)[name]).lower(*arrays).compile()
            for form, attend in forms(mask).items()
        }
        results = {form: program(*arrays) for form, program in compiled.items()}
        point[f"{name}, disagreement"] = disagreement(results)
        if not point[f"{name}, disagreement"] <= 1e-4:
            raise AssertionError(f"not the same work, n = {n}, density {density}: {point}")
        seconds = in_turn(
            {form: functools.partial(_run, program, arrays) for form, program in compiled.items()},
            rounds,
        )
        point[name] = {
            form: dict(
                zip(
                    ("p25", "median", "p75"),
                    np.percentile(np.multiply(times, 1e3), [25, 50, 75]).tolist(),
                    strict=True,
                ),
                temporary_bytes=compiled[form].memory_analysis().temp_size_in_bytes,
            )
            for form, times in seconds.items()
        }
    return point


def _run(program: Any, arrays: Arrays) -> None:
    jax.block_until_ready(program(*arrays))


def sparse_over_dense(point: dict[str, Any], name: str) -> float:
    """The better edge form's time over the better form of matrices under a mask."""

    def best(*candidates: str) -> float:
        return min(point[name][form]["median"] for form in candidates if form in point[name])

    return best("edges", "blocked edges") / best("masked dense", "blocked masked dense")


def plain_over_dense(points: Sequence[dict[str, Any]]) -> list[float]:
    """Times of gather and scatter over those of one masked product, neither in blocks."""
    return [
        point[name]["edges"]["median"] / point[name]["masked dense"]["median"]
        for point in points
        for name in PASSES
        if "edges" in point[name]
    ]


def crossover(points: Sequence[dict[str, Any]], name: str) -> float:
    """The density of one size at which edges and matrices take equal time, log-interpolated.

    The largest density that was measured if edges win there too, 0 if they never win.
    """
    ordered = sorted(points, key=lambda point: point["edges"])
    density = np.log([point["edges"] / point["n"] ** 2 for point in ordered])
    ratio = np.log([sparse_over_dense(point, name) for point in ordered])
    for i in range(len(ordered) - 1, 0, -1):
        if ratio[i] > 0 >= ratio[i - 1]:
            share = -ratio[i - 1] / (ratio[i] - ratio[i - 1])
            return float(np.exp(density[i - 1] + share * (density[i] - density[i - 1])))
    return float(np.exp(density[-1])) if ratio[-1] <= 0 else 0.0


def spread(points: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Interquartile range over median of all times of some points: its median, its largest."""
    shares = [
        (times["p75"] - times["p25"]) / times["median"]
        for point in points
        for name in PASSES
        for times in point[name].values()
    ]
    return dict(median=float(np.median(shares)), largest=max(shares))


def lottery(
    sizes: Sequence[int] = SIZES, densities: Sequence[float] = DENSITIES, rounds: int = ROUNDS
) -> Measurement:
    """E17: times of every form at every point, and the density below which edges win."""
    by_size = {
        n: [
            measure_point(n, density, rounds if n <= LARGE else min(rounds, ROUNDS_OF_LARGE))
            for density in densities
            if density * n**2 <= MAX_EDGES
        ]
        for n in sizes
    }
    points = [point for found in by_size.values() for point in found]
    worst = max(point[f"{name}, disagreement"] for point in points for name in PASSES)
    complete = [point for point in points if point["density"] == 1 and point["n"] >= 256]
    largest = by_size[max(sizes)]
    sparsest = min(largest, key=lambda point: point["edges"])
    ratios = [sparse_over_dense(point, name) for point in points for name in PASSES]
    crossovers = {
        name: {str(n): crossover(found, name) for n, found in by_size.items()} for name in PASSES
    }
    values = dict(
        disagreement=worst,
        points=len(points),
        slowdown_on_complete_graphs=min(
            sparse_over_dense(point, name) for point in complete for name in PASSES
        ),
        slowdown_at_two_edges_per_node=max(sparse_over_dense(sparsest, name) for name in PASSES),
        largest_slowdown=max(ratios),
        largest_slowdown_plain_edges=max(plain_over_dense(points)),
        largest_speedup=1 / min(ratios),
        crossover_forward=crossovers[PASSES[0]][str(max(sizes))],
        crossover_training=crossovers[PASSES[1]][str(max(sizes))],
        largest_n=max(sizes),
    )
    curves = dict(points=points, crossover_density=crossovers, device=jax.devices()[0].device_kind)
    return Measurement(values, curves=curves)
