"""One attention layer over the complete graph, written as several programs (E1, E2, E3)."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from experiments.paper import graphs
from experiments.paper.batches import complete_structure, edge_structure
from experiments.paper.modules import jit_once
from gtx.ops import Edges, attention, message_passing

DIM = 16
SIZES, HEADS = (1, 2, 5, 16, 33, 64), (1, 4)
PARAMETERS = ("W_Q", "W_K", "W_V", "O", "X")
Route = Callable[[Any, Any, Any], Any]  # query, key, value [nodes, heads, head_dim] -> result
Array = Any


def softmax_messages(edges: Edges, query: Any, key: Any, value: Any) -> Any:
    """Equations 11 to 16 as they stand. A softmax at the receiver weighs the messages."""
    return message_passing(
        dict(q=query, k=key, v=value),
        edges.senders,
        edges.receivers,
        message=lambda i, j, e: ((i["q"] * j["k"]).sum(-1), j["v"]),
        update=lambda i, arrived: arrived,
        method="softmax",
        indices_are_sorted=edges.indices_are_sorted,
    )


def strict_messages(edges: Edges, query: Any, key: Any, value: Any) -> Any:
    """Messages that depend on their two ends alone: (exp(s), exp(s) v). The update divides."""

    def message(i: Any, j: Any, e: Any) -> Any:
        weight = jnp.exp((i["q"] * j["k"]).sum(-1))[..., None]
        return weight, weight * j["v"]

    def update(i: Any, arrived: Any) -> Any:
        total, out = arrived
        return out / jnp.where(total > 0, total, 1)

    return message_passing(
        dict(q=query, k=key, v=value),
        edges.senders,
        edges.receivers,
        message=message,
        update=update,
        indices_are_sorted=edges.indices_are_sorted,
    )


def layer(route: Route, parameters: dict[str, Any], heads: int) -> Any:
    """Equations 5 to 8 around the message: projections, heads side by side, output map."""
    x = parameters["X"]
    query, key, value = (
        (x @ parameters[name]).reshape(len(x), heads, -1) for name in ("W_Q", "W_K", "W_V")
    )
    return route(query, key, value).reshape(len(x), -1) @ parameters["O"]


def flax_layer(parameters: dict[str, Any], heads: int) -> Any:
    """The attention of flax. The queries are scaled up, because it divides by sqrt(head_dim)."""
    shape = (DIM, heads, DIM // heads)
    root = jnp.sqrt(jnp.asarray(DIM // heads, parameters["X"].dtype))
    maps = {
        "query": parameters["W_Q"].reshape(shape) * root,
        "key": parameters["W_K"].reshape(shape),
        "value": parameters["W_V"].reshape(shape),
        "out": parameters["O"].reshape(heads, DIM // heads, DIM),
    }
    module = nn.MultiHeadDotProductAttention(
        num_heads=heads, use_bias=False, force_fp32_for_softmax=False
    )
    variables = {"params": {name: {"kernel": kernel} for name, kernel in maps.items()}}
    return module.apply(variables, parameters["X"])


def to_the_letter(parameters: dict[str, Any], heads: int) -> np.ndarray:
    """Equations 2 to 8 as loops over nodes and heads, in float64."""
    x, w_q, w_k, w_v, o = (np.float64(parameters[n]) for n in ("X", "W_Q", "W_K", "W_V", "O"))
    n, width = len(x), DIM // heads
    out = np.zeros((n, DIM))
    for i in range(n):
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            scores = np.array([(x[i] @ w_q[:, part]) @ (x[j] @ w_k[:, part]) for j in range(n)])
            weights = np.exp(scores - scores.max())
            weights /= weights.sum()
            out[i, part] = sum(weights[j] * (x[j] @ w_v[:, part]) for j in range(n))
    return out @ o


def draw_parameters(n: int, seed: int, dtype: Any) -> dict[str, Any]:
    """Draw nodes and maps for which scores are of the order of 1."""
    rng = np.random.default_rng(seed)
    shapes = {name: (DIM, DIM) for name in PARAMETERS[:4]} | {"X": (n, DIM)}
    values = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return {
        name: jnp.asarray(v if name == "X" else v / np.sqrt(DIM), dtype)
        for name, v in values.items()
    }


@functools.cache
def routes_over_complete_graph(n: int, heads: int, double: bool) -> dict[str, Any]:
    """The results and gradients of every program, for one size.

    Returns:
      The name of a program -> (result, gradients by parameter). "paper" is the result of the loops
      of `to_the_letter`, without gradients. "without loops" leaves out the edges from a node to
      itself.
    """
    dtype = jnp.float64 if double else jnp.float32
    rng = np.random.default_rng(n)
    edges = edge_structure(graphs.complete(n, loops=True), rng)
    without = edge_structure(graphs.complete(n), rng)
    whole = complete_structure(n)
    parameters = draw_parameters(n, 100 * n + heads, dtype)
    cotangent = jnp.asarray(rng.normal(size=(n, DIM)), dtype)
    attend = functools.partial(attention, scale=1.0)
    layers = {
        "dense": lambda p: layer(
            lambda *qkv: attend(*qkv, whole, implementation="dense"), p, heads
        ),
        "edges": lambda p: layer(
            lambda *qkv: attend(*qkv, edges, implementation="edges"), p, heads
        ),
        "messages": lambda p: layer(functools.partial(softmax_messages, edges), p, heads),
        "strict": lambda p: layer(functools.partial(strict_messages, edges), p, heads),
        "flax": lambda p: flax_layer(p, heads),
        "without loops": lambda p: layer(lambda *qkv: attend(*qkv, without), p, heads),
    }

    @jit_once
    def run(parameters: Any, cotangent: Any) -> Any:
        found = {}
        for name, function in layers.items():
            out, pull = jax.vjp(function, parameters)
            found[name] = out, pull(cotangent)[0]
        return found

    found = jax.tree.map(np.asarray, run(parameters, cotangent))
    return {**found, "paper": (to_the_letter(parameters, heads), None)}


def over_all(
    sizes: Sequence[int], heads: Sequence[int], precisions: Sequence[str]
) -> list[tuple[str, int, int, dict[str, Any]]]:
    """`routes_over_complete_graph` for every precision, size and number of heads."""
    found = []
    for precision in precisions:
        with jax.enable_x64(precision == "x64"):
            found += [
                (precision, n, h, routes_over_complete_graph(n, h, precision == "x64"))
                for n in sizes
                for h in heads
            ]
    return found
