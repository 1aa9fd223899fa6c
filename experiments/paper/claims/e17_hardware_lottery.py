"""E17: whether attention is faster as matrices or as edges, by size and density."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from experiments.benchmarks.measure import in_turn
from experiments.paper import style
from experiments.paper.batches import complete_structure, edge_structure
from experiments.paper.claim import F32, Claim, Gate, wording
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.record import Recorded
from gtx.ops import attention

HEADS, HEAD_DIM = 4, 16
SIZES = tuple(2**power for power in range(6, 14))
# 0 stands for 1 / n. Together with the self-loops that is about two edges per node.
DENSITIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.0)
PASSES = ("forward", "forward and backward")
# With more edges, "edges" gathers gigabytes, so that only "blocked edges" runs.
MAX_GATHERED = 1_500_000
# With more edges, a pass in blocks takes seconds. Such points are left out.
MAX_EDGES = 7_000_000
# With more than LARGE nodes a pass takes a second and varies less, so that fewer rounds do.
ROUNDS, ROUNDS_OF_LARGE, LARGE = 20, 5, 2048
Arrays = tuple[Any, Any, Any, Any]


def random_mask(n: int, density: float) -> np.ndarray:
    """A mask that holds each pair with probability `density`, and every node with itself."""
    rng = np.random.default_rng(n)
    mask = rng.random((n, n)) < (density or 1 / n)
    return mask | np.eye(n, dtype=bool)


def forms(mask: np.ndarray) -> dict[str, Callable[..., Any]]:
    """The programs of (query, key, value) that compute attention under a mask."""
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
    """A program as prediction runs it, and with the gradients that training needs."""

    def backward(query: Any, key: Any, value: Any, cotangent: Any) -> Any:
        out, pull = jax.vjp(attend, query, key, value)
        return out, *pull(cotangent)

    return {PASSES[0]: lambda *arrays: attend(*arrays[:3]), PASSES[1]: backward}


def draw_arrays(n: int) -> Arrays:
    """Draw query, key, value and cotangent, each [n, HEADS, HEAD_DIM]."""
    rng = np.random.default_rng(n + 1)
    values = rng.normal(size=(4, n, HEADS, HEAD_DIM)).astype(np.float32)
    return tuple(jnp.asarray(array) for array in values)


def disagreement(results: dict[str, Any]) -> float:
    """The largest difference from the masked dense form, relative to the largest entry."""
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
    """Compare results and gradients of all forms at all points, and measure no times."""
    worst = 0.0
    for n in sizes:
        arrays = draw_arrays(n)
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
    """Measure milliseconds and temporary memory of every form at one size and density."""
    mask, arrays = random_mask(n, density), draw_arrays(n)
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
    """The time of the faster edge form over that of the faster form of masked matrices."""

    def best(*candidates: str) -> float:
        return min(point[name][form]["median"] for form in candidates if form in point[name])

    return best("edges", "blocked edges") / best("masked dense", "blocked masked dense")


def plain_over_dense(points: Sequence[dict[str, Any]]) -> list[float]:
    """The time of gather and scatter over that of a masked product, neither in blocks."""
    return [
        point[name]["edges"]["median"] / point[name]["masked dense"]["median"]
        for point in points
        for name in PASSES
        if "edges" in point[name]
    ]


def crossover(points: Sequence[dict[str, Any]], name: str) -> float:
    """The density at which edges and matrices of one size take equal time, log-interpolated.

    It is the largest density that was measured if edges win there too, and 0 if they never win.
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
    """How far times vary: the median and the largest of interquartile range over median."""
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
    """Measure every form at every point, and the density below which edges win."""
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


def crossover_table(curves: Mapping[str, Any], machine: str) -> list[str]:
    """Lines of a table, by size: where both take equal time, and how far the times vary."""
    lines = [
        "Edges win below this share of all pairs; times vary by their interquartile range over "
        f"their median. Device: {curves['device']}, {machine}.",
        "",
        "| nodes | forward | training | spread of a time, median | largest |",
        "|---|---|---|---|---|",
    ]
    for n in sorted({point["n"] for point in curves["points"]}):
        points = [point for point in curves["points"] if point["n"] == n]
        densest = max(point["edges"] / n**2 for point in points)
        shares = [_share(curves["crossover_density"][name][str(n)], densest) for name in PASSES]
        spreads = spread(points)
        lines.append(
            f"| {n:,} | {shares[0]} | {shares[1]} "
            f"| {100 * spreads['median']:.0f} % | {100 * spreads['largest']:.0f} % |"
        )
    return lines


def _share(crossover: float, densest: float) -> str:
    if not crossover:
        return "never"
    # Recorded numbers have four digits, so that equal ones may differ a little.
    return f"{crossover:.2g}" if crossover < 0.999 * densest else f"up to {densest:.2g}, the most"


def draw_figure(recorded: Recorded) -> Figure:
    """Draw which form is faster, the line where both take equal time, and memory."""
    curves = recorded.curves
    points, name = curves["points"], PASSES[1]
    sizes = sorted({point["n"] for point in points})
    figure, axes = style.new(2, 1, height=8.8, height_ratios=(1.75, 1))
    _times(figure, axes[0, 0], curves, name, sizes)
    axis = axes[1, 0]
    largest = [point for point in points if point["n"] == sizes[-1]]
    forms = {
        "masked dense": "matrix of all pairs",
        "blocked masked dense": "matrix, in blocks",
        "edges": "edges: gather, scatter",
        "blocked edges": "edges, in blocks",
    }
    colours = (style.BLUE, style.SKY, style.RED, style.ORANGE)
    for (form, label), colour, line in zip(forms.items(), colours, ("-", "--") * 2, strict=True):
        found = [point for point in largest if form in point[name]]
        axis.loglog(
            [100 * point["edges"] / point["n"] ** 2 for point in found],
            [max(point[name][form]["temporary_bytes"], 1) / 1e6 for point in found],
            "o" + line,
            color=colour,
            label=label,
        )
    axis.set_title(f"memory of a training pass, {sizes[-1]:,} nodes", fontsize=14)
    axis.set_xlabel("pairs that are edges, %")
    axis.set_ylabel("MB")
    axis.set_xticks([0.03, 0.1, 0.3, 1, 3, 10], ["0.03", "0.1", "0.3", "1", "3", "10"])
    axis.minorticks_off()
    figure.legend(
        *axis.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=13,
        handlelength=2,
    )  # fmt: skip
    return figure


def _times(figure: Figure, axis: Any, curves: Any, name: str, sizes: list[int]) -> None:
    """Draw a table of sizes and densities: which form is faster, and how many times."""
    points = curves["points"]
    # There is a row for each density. The sparsest, 1 / n, is the last row at any size.
    rows, ratios = len(DENSITIES), np.full((len(DENSITIES), len(sizes)), np.nan)
    for column, n in enumerate(sizes):
        for point in (point for point in points if point["n"] == n):
            ratios[_row(point), column] = sparse_over_dense(point, name)
    axis.set_facecolor("#dddddd")
    high = 200.0
    assert np.nanmax(np.maximum(ratios, 1 / ratios)) <= high
    image = axis.imshow(ratios, norm=LogNorm(1 / high, high), cmap="PuOr", aspect="auto")
    for (row, column), ratio in np.ndenumerate(ratios):
        factor = max(ratio, 1 / ratio)
        text = f"{factor:.0f}×" if factor >= 9.5 else f"{factor:.1f}×"
        ink = "white" if factor > 18 else "black"
        absent = np.isnan(ratio)
        axis.text(
            column, row, "–" if absent else text, ha="center", va="center", fontsize=12.5,
            color="#666666" if absent else ink,
        )  # fmt: skip
    line = [_crossing(points, n, curves["crossover_density"][name][str(n)]) for n in sizes]
    axis.plot(range(len(sizes)), line, color="white", linewidth=5)
    axis.plot(range(len(sizes)), line, color=style.BLACK, marker="o", markersize=4)
    axis.set_xticks(range(len(sizes)), [f"{n:,}" for n in sizes], fontsize=12)
    shares = [f"{100 * density:g} %" for density in DENSITIES[:-1]]
    axis.set_yticks(range(rows), [*shares, "2 edges\na node"])
    axis.set_xlabel("nodes (–: not measured)")
    axis.set_ylabel("pairs that are edges")
    title = (
        "training pass: how many times faster is which?\n(on the black line both take equal time)"
    )
    axis.set_title(title, fontsize=14)
    bar = figure.colorbar(image, ax=axis, location="bottom", shrink=0.9, pad=0.04, aspect=32)
    bar.minorticks_off()
    bar.set_ticks([1 / 100, 1 / 10, 1, 10, 100])
    bar.set_ticklabels(["100×", "10×", "equal", "10×", "100×"], fontsize=12)
    bar.set_label("← edges faster            matrix faster →", fontsize=13)
    bar.ax.plot(
        [100], [1.2], "v", color=style.RED, markersize=9, clip_on=False,
        transform=bar.ax.get_xaxis_transform(),
    )  # fmt: skip
    bar.ax.text(
        85, 1.25, 'the paper\'s "orders of magnitude": 100× and more', ha="right", fontsize=12,
        color=style.RED, transform=bar.ax.get_xaxis_transform(),
    )  # fmt: skip


def _row(point: Any) -> int:
    """The row of a point in the table of densities."""
    sparsest = np.isclose(point["density"], 1 / point["n"], rtol=1e-2)
    return len(DENSITIES) - 1 if sparsest else DENSITIES.index(point["density"])


def _crossing(points: Any, n: int, share: float) -> float:
    """Where a share of the pairs lies between the rows of a size; NaN if edges never win."""
    if not share:
        return np.nan
    found = sorted((point["edges"] / n**2, _row(point)) for point in points if point["n"] == n)
    shares, rows = zip(*found, strict=True)
    return float(np.interp(np.log(share), np.log(shares), rows))


CLAIM = Claim(
    number=17,
    place="4, equation 20",
    says="Sparse message passing is orders of magnitude slower than dense attention, but for very "
    "sparse or billion-scale graphs.",
    test="Forward, and forward and backward: dense, dense under a mask, edges (gather and "
    "scatter), both in blocks; 4 heads of 16, float32; n = 2^6 to 2^13, six densities from all "
    "pairs to two edges per node, self-loops counted. Plain edges up to 1.5 million, beyond them "
    "blocks of edges alone, and no points of more than 7 million. Medians of 20 interleaved "
    "rounds up to n = 2,048, of 5 beyond; results compared before. Slowdowns are of the faster "
    "edge form over the faster masked form of matrices, those of plain edges over masked "
    "matrices, neither in blocks.",
    measure=lottery,
    gates=(
        Gate("disagreement", "<=", F32, "largest relative difference between two forms"),
        Gate(
            "slowdown_on_complete_graphs",
            ">=",
            1,
            "smallest slowdown of edges on complete graphs, n = 256 to 2,048",
        ),
        Gate(
            "slowdown_at_two_edges_per_node",
            "<=",
            1,
            "largest slowdown of edges at two edges per node, largest n",
        ),
        wording("largest_slowdown", ">=", 100, "largest slowdown of edges, two orders"),
        wording(
            "largest_slowdown_plain_edges",
            ">=",
            100,
            "largest slowdown of plain edges over a plain product, two orders",
        ),
    ),
    effect="edges are {largest_slowdown:.0f} times slower at most (plain edges "
    "{largest_slowdown_plain_edges:.0f} times), {largest_speedup:.0f} times faster at most; at n "
    "= {largest_n:.0f} they win below density {crossover_forward:.2g} (forward), "
    "{crossover_training:.2g} (training)",
    argument="More than {crossover_training:.2g} of all pairs must be edges (training, n = "
    "{largest_n:.0f}).",
    conditional=True,
    words="Two orders are a factor of 100; measured are {largest_slowdown:.0f} at most between the "
    "faster form of each and {largest_slowdown_plain_edges:.0f} for plain gather and scatter, "
    "both on complete graphs, and below a density of {crossover_training:.2g} (training, n = "
    "{largest_n:.0f}), which is hundreds of neighbours and not very sparse, edges are faster. The "
    "sentence is about GPUs, and this is one CPU (4h).",
    draw=draw_figure,
    draws_record=True,
    table=crossover_table,
    in_readme=True,
    notebook="03_hardware_lottery",
)
