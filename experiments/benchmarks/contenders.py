"""Programs that do the same work, compared and then timed in turn; one may run out of memory."""

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from experiments.benchmarks.attention import HEADS
from experiments.benchmarks.measure import in_turn

ROUND_SECONDS, MAX_CALLS = 0.02, 50


@dataclasses.dataclass(frozen=True)
class Contender:
    """A program, compiled and with its arguments on the device.

    Attributes:
      run: start the work and return its results, which need not be there yet.
      wait: return when the results of the last `run` are there.
      read: the results as numpy arrays, in the order and shapes of gtx.
      megabytes: at most, beyond the arguments; None when unknown.
    """

    run: Callable[[], Any]
    wait: Callable[[Any], Any]
    read: Callable[[Any], list[np.ndarray]]
    megabytes: Callable[[], float | None]


Factory = Callable[[], Contender]


def ours(function: Callable[..., Any], args: tuple[Any, ...], precision: str | None) -> Factory:
    """Of gtx: a function of arrays that returns arrays, compiled once."""

    @functools.cache
    def make() -> Contender:
        on_device = jax.tree.map(jax.device_put, args)
        with jax.default_matmul_precision(precision):
            compiled = jax.jit(function).lower(*on_device).compile()
        memory = compiled.memory_analysis()

        def megabytes() -> float | None:
            if memory is None:
                return None
            return (memory.temp_size_in_bytes + memory.output_size_in_bytes) / 1e6

        return Contender(
            run=lambda: compiled(*on_device),
            wait=jax.block_until_ready,
            read=lambda results: [np.asarray(x, np.float32) for x in jax.tree.leaves(results)],
            megabytes=megabytes,
        )

    return make


def torch_passes(
    arrays: Sequence[np.ndarray], graphs: tuple[int, int], device: str, precision: str
) -> Factory:
    """Of torch: scaled_dot_product_attention over graphs of one size, and its gradients.

    Args:
      arrays: query, key, value and cotangent, [nodes, heads, head_dim].
      graphs: how many, and the size of each.
      device: of torch.
      precision: of its matrix products in float32.
    """

    def make() -> Contender:
        import torch

        def load(values: np.ndarray) -> Any:
            tensor = torch.tensor(values.astype(np.float32))
            tensor = tensor.reshape(*graphs, *values.shape[1:]).transpose(1, 2).contiguous()
            dtype = torch.float32 if values.dtype == np.float32 else torch.bfloat16
            return tensor.to(device, dtype)

        *nodes, cotangent = map(load, arrays)
        for tensor in nodes:
            tensor.requires_grad_()

        def run() -> Any:
            torch.set_float32_matmul_precision(precision)
            out = torch.nn.functional.scaled_dot_product_attention(*nodes)
            return out, *torch.autograd.grad(out, nodes, cotangent)

        def read(results: Any) -> list[np.ndarray]:
            return [
                tensor.detach().transpose(1, 2).flatten(0, 1).float().cpu().numpy()
                for tensor in results
            ]

        return _torch_contender(run, read, device)

    return make


def pyg_convolution(
    nodes: np.ndarray,
    parameters: Sequence[np.ndarray],
    senders: np.ndarray,
    receivers: np.ndarray,
    cotangent: np.ndarray,
    device: str,
) -> Factory:
    """PyG's TransformerConv on the work of `attention.convolve`."""
    import torch
    from torch_geometric.nn import TransformerConv

    def make() -> Contender:
        dim = nodes.shape[1]
        layer = TransformerConv(dim, dim // HEADS, heads=HEADS, root_weight=False).to(device)
        maps = [layer.lin_query, layer.lin_key, layer.lin_value]
        weights = [weight for linear in maps for weight in (linear.weight, linear.bias)]
        with torch.no_grad():
            for weight, values in zip(weights, parameters, strict=True):
                weight.copy_(torch.tensor(values))
        x = torch.tensor(nodes, device=device, requires_grad=True)
        edge_index = torch.tensor(np.stack([senders, receivers]), dtype=torch.long, device=device)
        pull = torch.tensor(cotangent, device=device)

        def run() -> Any:
            torch.set_float32_matmul_precision("highest")
            out = layer(x, edge_index)
            return out, *torch.autograd.grad(out, [x, *weights], pull)

        def read(results: Any) -> list[np.ndarray]:
            return [tensor.detach().cpu().numpy() for tensor in results]

        return _torch_contender(run, read, device)

    return make


def _torch_contender(run, read, device):
    import torch

    if device == "cpu":
        return Contender(run, wait=lambda results: None, read=read, megabytes=lambda: None)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return Contender(
        run,
        wait=lambda results: torch.cuda.synchronize(),
        read=read,
        megabytes=lambda: (torch.cuda.max_memory_allocated() - before) / 1e6,
    )


def race(
    factories: Mapping[str, Factory], judges: Sequence[Factory], *, limit: float, rounds: int
) -> dict[str, dict[str, Any]]:
    """For each contender what is known of it: milliseconds, megabytes, error, note, failed.

    The results of the first judge that runs are those to which all others are compared; who
    differs by more than `limit` is not timed.
    """
    expected, judge = None, None
    for judge in judges:
        try:
            contender = judge()
            expected = contender.read(contender.run())
            break
        except RuntimeError:  # said by the contender of the same program
            continue
    found: dict[str, dict[str, Any]] = {}
    calls, contenders = {}, {}
    for name, factory in factories.items():
        try:
            contender = factory()
            results = contender.run()
            found[name] = (
                {} if factory is judge else _compare(contender.read(results), expected, limit)
            )
            found[name]["megabytes"] = contender.megabytes()
            start = time.perf_counter()
            contender.wait(contender.run())
            calls[name] = int(np.clip(ROUND_SECONDS / (time.perf_counter() - start), 1, MAX_CALLS))
        except (RuntimeError, ValueError) as error:
            found[name] = outcome(error)
        if not found[name].get("failed") and name in calls:
            contenders[name] = contender

    def repeat(name: str) -> Callable[[], None]:
        def run() -> None:
            if found[name].get("note"):
                return
            try:
                for _ in range(calls[name]):
                    results = contenders[name].run()
                contenders[name].wait(results)
            except RuntimeError as error:
                found[name] |= outcome(error)

        return run

    seconds = in_turn({name: repeat(name) for name in contenders}, rounds) if contenders else {}
    for name, times in seconds.items():
        if not found[name].get("note"):
            found[name]["milliseconds"] = [1e3 * value / calls[name] for value in times]
    return found


def _compare(results, expected, limit):
    if expected is None:
        return dict(failed=True, note="nothing to compare with")
    largest = max(np.abs(values).max() for values in expected)
    errors = []
    for one, other in zip(results, expected, strict=True):
        # A bias of the key has no gradient but for rounding: all logits of a receiver move as one.
        scale = max(np.abs(other).max(), 1e-2 * largest)
        errors.append(np.abs(one - other).max() / scale)
    error = float(np.max(errors))
    if not np.isfinite(error):
        return dict(failed=True, note="not finite")
    if error > limit:
        return dict(failed=True, error=error, note="not the same results, so not timed")
    return dict(error=error)


def outcome(error: Exception) -> dict[str, Any]:
    """What an error says of a program: too little memory and a refusal are no failures."""
    text = str(error) or repr(error)
    if "RESOURCE_EXHAUSTED" in text or "out of memory" in text.lower():
        return dict(note="out of memory")
    return dict(note=text.splitlines()[0], failed="does not apply" not in text)
