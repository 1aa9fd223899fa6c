"""GPS on molecules: seconds per training step of gtx and of PyTorch Geometric on CPU.

Both take the same batches of 32 graphs through the same model (10 layers, width 64, 423,717
parameters) from the same weights, with L1 loss and AdamW, in float32. gtx runs its training
program as `fit` does: one call of 16 steps, batches assembled inside from resident columns,
gradient norm and NaN guard included. PyG runs eagerly with fused AdamW on batches that were
collated beforehand. The first training losses are compared before anything is timed.

Rounds alternate between the two in one process, each of 16 steps; each allocator setting is a
process.

With several cores, PyG's threads spin while they wait for each other. That is its fastest
setting on an idle machine (OMP_WAIT_POLICY=passive takes three times as long); where other
processes want the cores its steps take 10 to 30 times as long. Measure there with `--cores=1`.
"""

import dataclasses
import json
import pathlib
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks import molecules
from experiments.benchmarks.measure import machine, spread, under_each_allocator
from gtx import batching, encodings, tasks, training
from gtx.data import Categorical, Dataset, GraphSpec
from gtx.data.sources import zinc
from gtx.models import GPS, GraphTransformer
from gtx.training.program import Program
from gtx.training.state import init_state

BATCH_SIZE, STEPS = 32, 16
TARGET = 1.7  # PyG / gtx
LOSS_TOLERANCE = 1e-5
DROPOUT_RATES = (0.0, 0.5)


def model(
    *,
    dim: int = 64,
    num_layers: int = 10,
    num_heads: int = 4,
    encoding_dim: int = 28,
    attention_dropout_rate: float = 0.5,
    dtype: str = "float32",
) -> GraphTransformer:
    """GPS for the columns of ZINC; `PeerGPS` is the same in PyG."""
    walks = encodings.RandomWalk(molecules.WALK_LENGTH)
    spec = GraphSpec(
        nodes={
            "type": Categorical((zinc.NUM_ATOM_TYPES,)),
            "rwse": walks.columns()["node", walks.name],
        },
        edges={"type": Categorical((zinc.NUM_BOND_TYPES,))},
        label=zinc.ZINC.label,
    )
    return GPS(
        dim=dim,
        num_layers=num_layers,
        num_heads=num_heads,
        encoding_dim=encoding_dim,
        attention_dropout_rate=attention_dropout_rate,
        dtype=dtype,
        param_dtype=dtype,
    ).build(spec, encodings=[walks])


@dataclasses.dataclass
class Measurement:
    """Seconds per step, one entry a round, and what stands around them.

    Attributes:
      gtx, pyg: by the clock.
      gtx_cpu, pyg_cpu: of all cores; less disturbed by other processes, but PyG's threads
        count while they wait for each other.
    """

    attention_dropout_rate: float
    gtx: list[float]
    pyg: list[float]
    gtx_cpu: list[float]
    pyg_cpu: list[float]
    gtx_loss: float
    pyg_loss: float
    compile_seconds: float


def gtx_trainer(
    module: GraphTransformer, graphs: Dataset, collections: Any = None
) -> tuple[Callable[[], float], Program]:
    """Take the steps of a round and return the first training loss; and the program behind it.

    Args:
      module: the model.
      graphs: what it learns from, in the batches of `plan_rows`.
      collections: its parameters and running statistics; its own initial values if None.
    """
    budget, rows = plan_rows(graphs)
    source = batching.Resident(graphs, budget)
    constants = jax.device_put(source.constants)
    optimizer = training.adamw(training.Constant(1e-3), weight_decay=1e-5)
    program = training.make_train_chunk(
        module, tasks.Regression(graphs.spec.label), optimizer, source
    )
    batch = next(batching.make_batches(graphs, budget, seed=0))
    state = init_state(module, optimizer, batch, 0)
    if collections is not None:
        state = state.replace(**jax.tree.map(jnp.array, collections))

    def steps() -> float:
        nonlocal state
        elements = source.chunk(rows)
        state, report = program(state, constants, elements, rows, np.uint32(0))
        report = jax.device_get(report)
        return float(report.loss_sum[0] / report.count[0])

    return steps, program


def pyg_trainer(model: Any, graphs: Dataset, device: str = "cpu") -> Callable[[], float]:
    """The same steps of the same batches, from the present weights of `model`, on `device`."""
    import torch

    from experiments.benchmarks import peer

    model = model.to(device)
    _, rows = plan_rows(graphs)
    batches = [peer.peer_batch(graphs, row.reshape(-1)).to(device) for row in rows]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-5, fused=True)

    def steps() -> float:
        losses = []
        for data in batches:
            optimizer.zero_grad()
            loss = (model(data) - data.y).abs().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        if device != "cpu":
            torch.cuda.synchronize()
        return float(losses[0])

    return steps


def plan_rows(graphs: Dataset) -> tuple[batching.Budget, np.ndarray]:
    """The budget, and the graphs of each step of a round."""
    budget = batching.fit_budget(graphs, BATCH_SIZE)
    return budget, batching.plan(graphs, budget, seed=0)[:STEPS]


def measure(dropout_rate: float, *, rounds: int, root: str | None) -> Measurement:
    """Time both frameworks, round by round in turn.

    Raises:
      AssertionError: without dropout, the first training losses differ.
    """
    import torch

    from experiments.benchmarks import peer, weights

    graphs, _ = molecules.load(root)
    torch.manual_seed(0)
    theirs = peer.PeerGPS(attention_dropout_rate=dropout_rate).train()
    collections = weights.gps(weights.arrays(theirs.state_dict()))
    gtx_steps, program = gtx_trainer(
        model(attention_dropout_rate=dropout_rate), graphs, collections
    )
    pyg_steps = pyg_trainer(theirs, graphs)

    gtx_loss, pyg_loss = gtx_steps(), pyg_steps()
    if not dropout_rate and not abs(gtx_loss - pyg_loss) <= LOSS_TOLERANCE * abs(pyg_loss):
        raise AssertionError(f"not the same work: first losses {gtx_loss} and {pyg_loss}")
    seconds: dict[str, list[float]] = {"gtx": [], "pyg": [], "gtx_cpu": [], "pyg_cpu": []}
    for number in range(rounds):
        pair = [("gtx", gtx_steps), ("pyg", pyg_steps)]
        for name, steps in pair[:: 1 if number % 2 else -1]:
            start, cpu_start = time.perf_counter(), time.process_time()
            steps()
            seconds[name].append((time.perf_counter() - start) / STEPS)
            seconds[f"{name}_cpu"].append((time.process_time() - cpu_start) / STEPS)
    return Measurement(
        dropout_rate,
        **seconds,
        gtx_loss=gtx_loss,
        pyg_loss=pyg_loss,
        compile_seconds=program.compile_seconds,
    )


def worker(path: pathlib.Path, *, rounds: int, root: str | None) -> None:
    """Measure under the allocator of this process and write the numbers to `path`."""
    found = [dataclasses.asdict(measure(rate, rounds=rounds, root=root)) for rate in DROPOUT_RATES]
    path.write_text(json.dumps(found))


def run(*, rounds: int, root: str | None, json_path: str | None) -> None:
    """Measure under each allocator, each in a process of its own; print and save a table."""
    found = under_each_allocator("gps", rounds=rounds, root=root)
    results = {name: [Measurement(**entry) for entry in numbers] for name, numbers in found.items()}
    about = machine()
    about["graphs"] = molecules.load(root)[1]
    print("\n".join(table(results, about)))
    if json_path:
        plain = {name: [dataclasses.asdict(m) for m in found] for name, found in results.items()}
        pathlib.Path(json_path).write_text(json.dumps(dict(about=about, results=plain), indent=1))


def table(results: dict[str, list[Measurement]], about: dict[str, str]) -> list[str]:
    """Milliseconds per step, ratios of times, and the losses that show equal work."""
    lines = [f"GPS, {BATCH_SIZE} graphs a step: training, milliseconds per step [p10..p90]"]
    lines += [f"  {name}: {value}" for name, value in about.items()]
    lines.append(
        f"  {'allocator':14}{'dropout':>8}{'PyG':>24}{'gtx':>24}"
        f"{'PyG / gtx':>20}{'minima':>8}{'cpu':>6}{'compile':>9}"
    )
    for name, found in results.items():
        for one in found:
            pyg, gtx = np.multiply(one.pyg, 1e3), np.multiply(one.gtx, 1e3)
            lines.append(
                f"  {name:14}{one.attention_dropout_rate:>8}{spread(pyg):>24}{spread(gtx):>24}"
                f"{spread(pyg / gtx, 2):>20}{pyg.min() / gtx.min():>8.2f}"
                f"{np.median(np.divide(one.pyg_cpu, one.gtx_cpu)):>6.2f}"
                f"{one.compile_seconds:>7.0f} s"
            )
    lines.append("  PyG / gtx: of a round's times; minima: of the fastest rounds; cpu: of CPU time")
    first = next(iter(results.values()))[0]
    lines.append(
        f"  first training loss at the same weights: PyG {first.pyg_loss:.6f}, "
        f"gtx {first.gtx_loss:.6f}"
    )
    best = {
        peer: min(min(getattr(one, peer)) for found in results.values() for one in found[:1])
        for peer in ("pyg", "gtx")
    }
    lines.append(
        f"  each with its better allocator, dropout 0, minima: {best['pyg'] / best['gtx']:.2f} "
        f"(goal {TARGET})"
    )
    return lines
