"""Attention forward and backward: gtx beside torch's fused kernel and beside PyG, on CPU.

`dense` and `chunked` over one complete graph of n nodes against
`torch.nn.functional.scaled_dot_product_attention`; `edges` and `chunked` over 100,000 nodes and a
million edges against PyG's TransformerConv, both with their maps to query, key and value. 4 heads
of 16, float32. Results and gradients are compared before anything is timed; rounds go in turn.
"""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.measure import in_turn, machine, spread, under_each_allocator
from gtx.ops import Complete, Edges, Tier, attention, make_layout

HEADS, HEAD_DIM = 4, 16
SIZES = (128, 512, 1024, 2048)
NUM_NODES, NUM_EDGES = 100_000, 1_000_000
TOLERANCE = 1e-4  # of the largest value of a result or gradient
# Peer / gtx that each workload should reach.
TARGETS = {"n = 128": 1.0, "n = 512": 1.0, "n = 2048": 0.7, "1M edges": 1.0}

Pass = Callable[[], tuple[np.ndarray, ...]]


@dataclasses.dataclass
class Measurement:
    """Seconds of a forward and backward pass, one entry a round, by program."""

    workload: str
    peer: str
    seconds: dict[str, list[float]]


def complete(num_nodes: int, rounds: int) -> Measurement:
    """One complete graph."""
    import torch

    rng = np.random.default_rng(0)
    shape = (num_nodes, HEADS, HEAD_DIM)
    nodes = [rng.normal(size=shape).astype(np.float32) for _ in range(3)]
    cotangent = rng.normal(size=shape).astype(np.float32)
    layout = make_layout(np.array([num_nodes]), num_nodes, (Tier(1, num_nodes),))
    structure = jax.tree.map(jnp.asarray, Complete(layout))
    on_device = [jnp.asarray(values) for values in (*nodes, cotangent)]

    def ours(implementation: str) -> Pass:
        @jax.jit
        def run(query: Any, key: Any, value: Any, cotangent: Any) -> Any:
            out, pull = jax.vjp(
                lambda *nodes: attention(*nodes, structure, implementation=implementation),
                *(query, key, value),
            )
            return out, *pull(cotangent)

        return lambda: jax.block_until_ready(run(*on_device))

    # [1, heads, nodes, head_dim] in memory, as torch wants it.
    tensors = [
        torch.tensor(np.swapaxes(values, 0, 1)[None].copy(), requires_grad=True) for values in nodes
    ]
    torch_cotangent = torch.tensor(np.swapaxes(cotangent, 0, 1)[None].copy())

    def theirs() -> Any:
        out = torch.nn.functional.scaled_dot_product_attention(*tensors)
        return out, *torch.autograd.grad(out, tensors, torch_cotangent)

    def to_ours(tensor: Any) -> np.ndarray:
        return np.swapaxes(tensor.detach().numpy()[0], 0, 1)

    programs = {"dense": ours("dense"), "chunked": ours("chunked"), "torch SDPA": theirs}
    expected = [to_ours(tensor) for tensor in theirs()]
    for name in ("dense", "chunked"):
        check_equal(programs[name](), expected, f"{name}, n = {num_nodes}")
    calls = max(1, (1024 // num_nodes) ** 2)  # so that a round takes milliseconds
    seconds = in_turn({name: repeated(run, calls) for name, run in programs.items()}, rounds)
    seconds = {name: (np.array(times) / calls).tolist() for name, times in seconds.items()}
    return Measurement(f"n = {num_nodes}", "torch SDPA", seconds)


def edge_list(rounds: int, num_nodes: int = NUM_NODES, num_edges: int = NUM_EDGES) -> Measurement:
    """A random graph; receivers in order, as every batch of gtx has them."""
    import torch
    from torch_geometric.nn import TransformerConv

    rng = np.random.default_rng(0)
    dim = HEADS * HEAD_DIM
    senders = rng.integers(0, num_nodes, num_edges).astype(np.int32)
    receivers = np.sort(rng.integers(0, num_nodes, num_edges)).astype(np.int32)
    nodes, cotangent = (rng.normal(size=(num_nodes, dim)).astype(np.float32) for _ in range(2))

    torch.manual_seed(0)
    layer = TransformerConv(dim, HEAD_DIM, heads=HEADS, root_weight=False)
    theirs_nodes = torch.tensor(nodes, requires_grad=True)
    edge_index = torch.tensor(np.stack([senders, receivers]), dtype=torch.long)
    maps = [layer.lin_query, layer.lin_key, layer.lin_value]
    parameters = [parameter for linear in maps for parameter in (linear.weight, linear.bias)]
    torch_cotangent = torch.tensor(cotangent)

    def theirs() -> Any:
        out = layer(theirs_nodes, edge_index)
        return out, *torch.autograd.grad(out, [theirs_nodes, *parameters], torch_cotangent)

    arrays = [jnp.asarray(values) for values in (senders, receivers, cotangent)]
    weights = [jnp.asarray(parameter.detach().numpy()) for parameter in parameters]
    on_device = jnp.asarray(nodes)

    def ours(implementation: str) -> Pass:
        return lambda: jax.block_until_ready(
            convolve(on_device, weights, *arrays, implementation=implementation)
        )

    expected = [tensor.detach().numpy() for tensor in theirs()]
    programs = {name: ours(name) for name in ("edges", "chunked")}
    for name, program in programs.items():
        check_equal(program(), expected, name)
    seconds = in_turn({**programs, "PyG TransformerConv": theirs}, rounds)
    return Measurement("1M edges", "PyG TransformerConv", seconds)


@functools.partial(jax.jit, static_argnames="implementation")
def convolve(
    nodes: Any,
    parameters: Any,
    senders: Any,
    receivers: Any,
    cotangent: Any,
    *,
    implementation: str,
) -> tuple[Any, ...]:
    """Result and gradients of PyG's TransformerConv(root_weight=False), receivers in order.

    Args:
      nodes: [nodes, HEADS * HEAD_DIM].
      parameters: PyG's weight and bias of query, key and value.
      senders: int [edges].
      receivers: int [edges].
      cotangent: of the result.
      implementation: of `gtx.ops.attention`.
    """

    def layer(nodes: Any, parameters: Any) -> Any:
        query, key, value = (
            (nodes @ weight.T + bias).reshape(-1, HEADS, HEAD_DIM)
            for weight, bias in zip(parameters[::2], parameters[1::2], strict=True)
        )
        structure = Edges(senders, receivers, indices_are_sorted=True)
        out = attention(query, key, value, structure, implementation=implementation)
        return out.reshape(nodes.shape)

    out, pull = jax.vjp(layer, nodes, parameters)
    gradient, parameter_gradients = pull(cotangent)
    return out, gradient, *parameter_gradients


def check_equal(results: Any, expected: Any, what: str) -> None:
    """Raise unless the two computed the same."""
    for number, (one, other) in enumerate(zip(results, expected, strict=True)):
        # A bias of the key has no gradient but for rounding: all logits of a receiver move as one.
        scale = max(np.abs(other).max(), 1e-2 * max(np.abs(values).max() for values in expected))
        error = np.abs(np.asarray(one) - other).max() / scale
        if not error <= TOLERANCE:
            raise AssertionError(f"not the same work: {what}, result {number} differs by {error}")


def repeated(function: Callable[[], Any], calls: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(calls):
            function()

    return run


def worker(path: pathlib.Path, *, rounds: int, root: str | None) -> None:
    """Measure under the allocator of this process and write the numbers to `path`."""
    del root  # the graphs are random
    found = [complete(size, rounds) for size in SIZES]
    found.append(edge_list(max(3, rounds // 2)))
    path.write_text(json.dumps([dataclasses.asdict(one) for one in found]))


def run(*, rounds: int, root: str | None, json_path: str | None) -> None:
    """Measure under each allocator, each in a process of its own; print and save a table."""
    found = under_each_allocator("attention", rounds=rounds, root=root)
    results = {name: [Measurement(**entry) for entry in numbers] for name, numbers in found.items()}
    about = machine()
    print("\n".join(table(results, about)))
    if json_path:
        text = json.dumps(dict(about=about, results=found), indent=1)
        pathlib.Path(json_path).write_text(text + "\n")


def table(results: dict[str, list[Measurement]], about: dict[str, str]) -> list[str]:
    """Milliseconds of each program, and the ratio of the peer's time to it."""
    lines = ["attention, forward and backward, 4 heads of 16: milliseconds [p10..p90]"]
    lines += [f"  {name}: {value}" for name, value in about.items()]
    lines.append(
        f"  {'allocator':14}{'workload':>10}  {'program':20}{'time':>26}{'peer / time':>22}"
        f"{'minima':>8}"
    )
    for allocator, found in results.items():
        for one in found:
            peer = np.array(one.seconds[one.peer])
            for program, seconds in one.seconds.items():
                times = np.array(seconds)
                line = f"  {allocator:14}{one.workload:>10}  {program:20}{spread(times * 1e3):>26}"
                if program != one.peer:
                    ratio = peer.min() / times.min()
                    line += f"{spread(peer / times, 2):>22}{ratio:>8.2f}"
                lines.append(line)
    lines.append("  each side with its better allocator, minima, the better program of gtx:")
    for place, first in enumerate(next(iter(results.values()))):
        everywhere = [found[place] for found in results.values()]
        peer_time = min(min(one.seconds[one.peer]) for one in everywhere)
        ours = {
            program: min(min(one.seconds[program]) for one in everywhere)
            for program in first.seconds
            if program != first.peer
        }
        best = min(ours, key=ours.__getitem__)
        goal = TARGETS.get(first.workload)
        lines.append(
            f"    {first.workload:>10}  {best:8}{peer_time / ours[best]:6.2f}"
            + (f"  (goal {goal})" if goal else "")
        )
    return lines
