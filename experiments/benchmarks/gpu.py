"""Everything that wants a GPU, in one command: `make gpu`.

Equality of all implementations, attention forward and backward over graphs of 128 to 16,384
nodes beside torch's scaled_dot_product_attention, a graph of a million edges beside PyG's
TransformerConv, and the training step of GPS beside PyG's. It needs jax; a part that lacks a
library, or a program that runs out of memory, says so and the rest goes on.

Results and gradients are compared before anything is timed. "float32" is float32 on either
side; in "tf32" matrix products may be rounded, which is what jax does on a GPU by default and
torch does not. 4 heads of 16. gtx's times include the way of the nodes into their slots and
back, SDPA's tensors stand ready.
"""

import dataclasses
import functools
import json
import os
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks import matrix
from experiments.benchmarks.attention import HEAD_DIM, HEADS, convolve
from experiments.benchmarks.contenders import (
    Factory,
    ours,
    outcome,
    pyg_convolution,
    race,
    torch_passes,
)
from experiments.benchmarks.measure import machine, spread
from gtx.ops import Complete, Tier, attention, make_layout

# dtype of the arrays, precision of matrix products in jax and in torch.
MODES = {
    "float32": ("float32", "highest", "highest"),
    "tf32": ("float32", None, "high"),
    "bfloat16": ("bfloat16", None, "high"),
}
# Of the largest value of a result or gradient, against float32 from the same inputs.
LIMITS = {"float32": 1e-4, "tf32": 2e-2, "bfloat16": 3e-2}
GPS_LIMIT = 1e-4  # of the first training loss


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How large everything is.

    Attributes:
      nodes: of all graphs of one attention together.
      graph_sizes: nodes of one graph.
      edges: nodes and edges of the large graph.
      graphs: how many the training step learns from.
      model: of `gps.model` and its peer.
    """

    blocks: tuple[matrix.Block, ...] = matrix.BLOCKS
    nodes: int = 16_384
    graph_sizes: tuple[int, ...] = tuple(2**power for power in range(7, 15))
    edges: tuple[int, int] = (100_000, 1_000_000)
    graphs: int = 2048
    model: tuple[tuple[str, int], ...] = ()
    dropout_rates: tuple[float, ...] = (0.0, 0.5)


FULL = Sizes()
SMALL = Sizes(
    blocks=matrix.SMALL,
    nodes=128,
    graph_sizes=(64,),
    edges=(200, 1000),
    graphs=64,
    model=(("dim", 16), ("num_layers", 1), ("encoding_dim", 4)),
    dropout_rates=(0.0,),
)


@dataclasses.dataclass
class Row:
    """One line of the table.

    Attributes:
      milliseconds: one entry a round; empty when it was not timed.
      megabytes: at most, beyond the arguments; None when unknown.
      error: the largest, in units of the largest value of the result; None when unknown.
      failed: something is wrong, rather than missing or out of memory.
    """

    part: str
    case: str
    dtype: str
    program: str
    milliseconds: list[float] = dataclasses.field(default_factory=list)
    megabytes: float | None = None
    error: float | None = None
    limit: float | None = None
    note: str = ""
    failed: bool = False


def run(
    *,
    rounds: int,
    root: str | None,
    json_path: str | None,
    small: bool,
    parts: Sequence[str],
) -> int:
    """Measure, print one table and write one JSON; the exit code is 1 if anything is wrong.

    Args:
      rounds: of each comparison.
      root: folder of the datasets; None for random graphs of ZINC's sizes.
      json_path: where every number goes.
      small: tiny sizes, on whatever device there is.
      parts: some of "equality", "attention", "edges" and "gps".
    """
    # torch shares the GPU; read when jax first looks for its devices.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    has_gpu = jax.default_backend() == "gpu"
    if not has_gpu and not small:
        print("error: jax finds no GPU here; --small tries every part on this one", file=sys.stderr)
        return 2
    about = dict(device=jax.devices()[0].device_kind, platform=jax.default_backend(), **machine())
    if not has_gpu:
        about["device"] += " (NO GPU: these figures say nothing about one)"
    sizes = SMALL if small else FULL
    about["attention"] = f"{HEADS} heads of {HEAD_DIM}, {sizes.nodes:,} nodes in graphs of n"
    device, reason = torch_device()
    about["torch"] = reason or f"on {device}"
    rows: list[Row] = []
    for part in parts:
        for row in _run_part(part, sizes, rounds=rounds, root=root, device=device):
            rows.append(row)
            print(f"{row.part}: {row.case}, {row.dtype}, {row.program} {_verdict(row)}",
                  file=sys.stderr, flush=True)  # fmt: skip
            if json_path:  # at once, so that a run that is stopped leaves what it has
                plain = dict(about=about, rows=[dataclasses.asdict(row) for row in rows])
                pathlib.Path(json_path).write_text(json.dumps(plain, indent=1) + "\n")
    print("\n".join(table(rows, about)))
    return int(any(row.failed for row in rows))


def torch_device() -> tuple[str | None, str | None]:
    """Where torch runs beside jax, or None and the reason why it does not."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a library of CUDA that does not load
        return None, str(error)
    if jax.default_backend() != "gpu":
        return "cpu", None
    if torch.cuda.is_available():
        return "cuda", None
    return None, "torch is there, but without CUDA"


def _run_part(part: str, sizes: Sizes, **options: Any) -> Iterator[Row]:
    functions = dict(equality=equality, attention=complete, edges=edge_list, gps=training_step)
    try:
        yield from functions[part](sizes, **options)
    except ImportError as error:
        yield Row(part, "", "", "", note=f"not run: {error}; see `make gpu-carry`")
    except RuntimeError as error:
        yield Row(part, "", "", "", **outcome(error))


def equality(sizes: Sizes, **_: Any) -> Iterator[Row]:
    """Every implementation against float64; see `matrix`."""
    for check in matrix.run(sizes.blocks):
        error = check.error
        known = error is not None and np.isfinite(error)
        note = "; ".join(filter(None, [check.note, f"worst: {check.worst}" if check.worst else ""]))
        if error is not None and not known:
            note = note or "not finite"
        yield Row(
            "equality",
            f"{check.structure}: {check.case}",
            check.dtype,
            check.implementation,
            error=error if known else None,
            limit=check.limit,
            note=note,
            failed=check.failed,
        )


def complete(sizes: Sizes, *, rounds: int, root: str | None, device: str | None) -> Iterator[Row]:
    """Complete graphs of every size, as many as make `sizes.nodes` nodes."""
    del root  # the numbers are random
    modes = [mode for mode in MODES if mode != "tf32" or jax.default_backend() == "gpu"]
    for size in sizes.graph_sizes:
        num_graphs = sizes.nodes // size
        shape = (num_graphs * size, HEADS, HEAD_DIM)
        layout = make_layout(np.full(num_graphs, size), shape[0], (Tier(num_graphs, size),))
        judges: dict[str, list[Factory]] = {}
        for mode in modes:
            dtype, precision, torch_precision = MODES[mode]
            rng = np.random.default_rng(0)
            arrays = [np.asarray(rng.normal(size=shape), jnp.dtype(dtype)) for _ in range(4)]
            contenders = {
                name: ours(_attend(name), (Complete(layout), *arrays), precision)
                for name in ("dense", "chunked", "flash")
                if name != "flash" or mode == "bfloat16"
            }
            if device is not None:
                contenders["torch SDPA"] = torch_passes(
                    arrays, (num_graphs, size), device, torch_precision
                )
            if dtype not in judges:
                exact = [values.astype(np.float32) for values in arrays]
                judges[dtype] = [
                    contenders[name]
                    if mode == "float32"
                    else ours(_attend(name), (Complete(layout), *exact), "highest")
                    for name in ("chunked", "dense")
                ]
            found = race(contenders, judges[dtype], limit=LIMITS[mode], rounds=rounds)
            for name, fields in found.items():
                case = f"{num_graphs} x n = {size}"
                yield Row("attention", case, mode, name, limit=LIMITS[mode], **fields)


def _attend(implementation: str) -> Callable[..., Any]:
    def forward_and_backward(structure, query, key, value, cotangent):
        out, pull = jax.vjp(
            lambda *nodes: attention(*nodes, structure, implementation=implementation),
            *(query, key, value),
        )
        return out, *pull(cotangent)

    return forward_and_backward


def edge_list(sizes: Sizes, *, rounds: int, root: str | None, device: str | None) -> Iterator[Row]:
    """One large random graph, its maps to query, key and value included."""
    del root
    num_nodes, num_edges = sizes.edges
    rng, dim = np.random.default_rng(0), HEADS * HEAD_DIM
    senders = rng.integers(0, num_nodes, num_edges).astype(np.int32)
    receivers = np.sort(rng.integers(0, num_nodes, num_edges)).astype(np.int32)
    nodes, cotangent = (rng.normal(size=(num_nodes, dim)).astype(np.float32) for _ in range(2))
    shapes = ((dim, dim), (dim,)) * 3
    parameters = [rng.normal(size=shape).astype(np.float32) / 8 for shape in shapes]
    work = (nodes, parameters, senders, receivers, cotangent)
    contenders = {
        name: ours(functools.partial(convolve, implementation=name), work, "highest")
        for name in ("edges", "chunked")
    }
    judges = list(contenders.values())
    note = ""
    if device is not None:
        try:
            contenders["PyG TransformerConv"] = pyg_convolution(*work, device)
        except ImportError as error:
            note = f"PyG beside it: {error}"
    found = race(contenders, judges, limit=LIMITS["float32"], rounds=rounds)
    for name, fields in found.items():
        fields["note"] = fields.get("note") or note
        case = f"{num_nodes:,} nodes, {num_edges:,} edges"
        yield Row("edges", case, "float32", name, limit=LIMITS["float32"], **fields)


def training_step(
    sizes: Sizes, *, rounds: int, root: str | None, device: str | None
) -> Iterator[Row]:
    """GPS on graphs of ZINC's sizes, the same steps from the same weights."""
    from experiments.benchmarks import gps, molecules
    from experiments.benchmarks.measure import in_turn

    options = dict(sizes.model)
    graphs, _ = molecules.load(root, num_graphs=sizes.graphs)
    num_steps = len(gps.plan_rows(graphs)[1])
    for rate in sizes.dropout_rates:
        with jax.default_matmul_precision("highest"):
            collections, steps, note = None, {}, ""
            if device is not None:
                try:
                    import torch

                    from experiments.benchmarks import peer, weights

                    torch.set_float32_matmul_precision("highest")
                    torch.manual_seed(0)
                    theirs = peer.PeerGPS(attention_dropout_rate=rate, **options).train()
                    collections = weights.gps(weights.arrays(theirs.state_dict()))
                    steps["PyG"] = gps.pyg_trainer(theirs, graphs, device)
                except ImportError as error:
                    note = f"PyG beside it: {error}"
            module = gps.model(attention_dropout_rate=rate, **options)
            steps["gtx"], program = gps.gtx_trainer(module, graphs, collections)
            losses = {name: run() for name, run in steps.items()}
            seconds = in_turn(steps, rounds)
        note = note or f"compiled in {program.compile_seconds:.0f} s"
        for name in sorted(steps, reverse=True):
            error = None
            if name == "gtx" and "PyG" in steps and not rate:
                error = abs(losses["gtx"] / losses["PyG"] - 1)
            yield Row(
                "training step",
                f"GPS, {gps.BATCH_SIZE} graphs, attention dropout {rate}",
                "float32",
                name,
                milliseconds=[1e3 * value / num_steps for value in seconds[name]],
                error=error,
                limit=None if error is None else GPS_LIMIT,
                note=note if name == "gtx" else "",
                failed=error is not None and not error <= GPS_LIMIT,
            )


def table(rows: list[Row], about: dict[str, str]) -> list[str]:
    """One line a row; of the checks of equality the worst of each implementation and dtype."""
    lines = ["gtx on one device: forward and backward, or a training step"]
    lines += [f"  {name}: {value}" for name, value in about.items()]
    lines.append(
        f"  {'part':14}{'case':44}{'dtype':10}{'program':20}{'ms [p10..p90]':>28}"
        f"{'peer / time':>13}{'MB':>9}  error / limit"
    )
    for row in [*_worst(rows), *(row for row in rows if row.part != "equality")]:
        time = spread(row.milliseconds, 3) if row.milliseconds else ""
        megabytes = "" if row.megabytes is None else f"{row.megabytes:,.0f}"
        lines.append(
            f"  {row.part:14}{row.case:44}{row.dtype:10}{row.program:20}{time:>28}"
            f"{_ratio(row, rows):>13}{megabytes:>9}  {_verdict(row)}"
        )
    lines.append(f"  {sum(row.failed for row in rows)} of {len(rows)} checks and timings failed")
    return lines


def _worst(rows: list[Row]) -> list[Row]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row.part == "equality":
            structure = row.case.split(":")[0]
            groups.setdefault((row.program, structure, row.dtype), []).append(row)
    worst = []
    for (_, structure, _), group in groups.items():
        row = max(group, key=lambda row: (row.failed, row.error or 0))
        worst.append(dataclasses.replace(row, case=f"{structure}, {len(group)} cases"))
    return worst


def _ratio(row: Row, rows: list[Row]) -> str:
    """The time of torch or PyG on the same work, in units of this one's."""
    peers = [
        other
        for other in rows
        if (other.part, other.case, other.dtype) == (row.part, row.case, row.dtype)
        and other.program.startswith(("torch", "PyG"))
    ]
    if not peers or peers[0] is row or not peers[0].milliseconds or not row.milliseconds:
        return ""
    return f"{np.median(np.divide(peers[0].milliseconds, row.milliseconds)):.2f}"


def _verdict(row: Row) -> str:
    words = [] if row.error is None else [f"{row.error:.1e} / {row.limit:.0e}"]
    words += ["FAILED"] if row.failed else []
    return "; ".join([*words, *filter(None, [row.note])])
