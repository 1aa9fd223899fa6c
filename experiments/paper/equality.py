"""E1, E2, E3, E5: one message, several programs, the same numbers."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import graphs
from experiments.paper.modules import apply, jit_once, pad_nodes, parameters
from experiments.paper.results import Measurement, largest_difference
from gtx.batch import Features
from gtx.ops import (
    Complete,
    Edges,
    Tier,
    attention,
    attention_weights,
    make_layout,
    message_passing,
    segment_softmax,
)

DIM = 16
SIZES, HEADS = (1, 2, 5, 16, 33, 64), (1, 4)
DENSITIES = (0.05, 0.2, 0.5)
PARAMETERS = ("W_Q", "W_K", "W_V", "O", "X")
Route = Callable[[Any, Any, Any], Any]  # query, key, value [nodes, heads, head_dim] -> result
Array = Any


def complete_structure(n: int, where: np.ndarray | None = None) -> Complete:
    """All pairs of n nodes, or those of a mask [receiver, sender]."""
    layout = make_layout(np.array([n]), n, (Tier(1, n),))
    return jax.tree.map(
        jnp.asarray, Complete(layout, where=None if where is None else where.reshape(-1))
    )


def edge_structure(adjacency: np.ndarray, rng: np.random.Generator | None = None) -> Edges:
    """The edges of a matrix [receiver, sender], in the order of receivers or shuffled."""
    senders, receivers = graphs.edge_list(adjacency, rng)
    return Edges(jnp.asarray(senders), jnp.asarray(receivers), indices_are_sorted=rng is None)


def softmax_messages(edges: Edges, query: Any, key: Any, value: Any) -> Any:
    """Equations 11 to 16 as they stand: a message per edge, weighed by a softmax at arrival."""
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
    """A message of its two ends alone: exp(s) and exp(s) v; sums; the update divides."""

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
    """Flax's own attention; its 1/sqrt(head_dim) is taken back in the queries."""
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
    """Equations 2 to 8 in loops over nodes and heads, float64."""
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
    """Random nodes and maps; scores are of the order of 1."""
    rng = np.random.default_rng(seed)
    shapes = {name: (DIM, DIM) for name in PARAMETERS[:4]} | {"X": (n, DIM)}
    values = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return {
        name: jnp.asarray(v if name == "X" else v / np.sqrt(DIM), dtype)
        for name, v in values.items()
    }


@functools.cache
def routes_over_complete_graph(n: int, heads: int, double: bool) -> dict[str, Any]:
    """Results and gradients of every program, for one size.

    Returns:
      route -> (result, gradients by parameter), and "paper" -> (result of the loops, None);
      "without loops" leaves the edges from a node to itself out.
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


def _over_all(
    sizes: Sequence[int], heads: Sequence[int], precisions: Sequence[str]
) -> list[tuple[str, int, int, dict[str, Any]]]:
    found = []
    for precision in precisions:
        with jax.enable_x64(precision == "x64"):
            found += [
                (precision, n, h, routes_over_complete_graph(n, h, precision == "x64"))
                for n in sizes
                for h in heads
            ]
    return found


def forward(
    sizes: Sequence[int] = SIZES,
    heads: Sequence[int] = HEADS,
    precisions: Sequence[str] = ("x64", "f32"),
) -> Measurement:
    """E1: attention over all pairs, and message passing on the complete graph with loops."""
    values: dict[str, float] = {}
    without_loops = []
    for precision, n, _, found in _over_all(sizes, heads, precisions):
        dense = found["dense"][0]
        for name in ("edges", "messages", "flax", "paper"):
            metric = f"{name}_{precision}"
            error = largest_difference(found[name][0], dense)
            values[metric] = max(values.get(metric, 0.0), error)
        if n > 1:
            without_loops.append(largest_difference(found["without loops"][0], dense))
    values["without_loops"] = min(without_loops)
    return Measurement(values)


def backward(
    sizes: Sequence[int] = SIZES,
    heads: Sequence[int] = HEADS,
    precisions: Sequence[str] = ("x64", "f32"),
) -> Measurement:
    """E2: the same for gradients with respect to every map and the nodes.

    Errors are relative to the largest entry of all gradients; those "by parameter" to the
    largest of one parameter, or to a hundredth of that of all. In float32 a softmax that is
    nearly saturated leaves queries and keys with differences of almost equal numbers, in either
    program: at n = 2 some of them have five digits, by parameter.
    """
    values: dict[str, float] = {}
    errors: dict[str, list[float]] = {}

    def worst(metric: str, value: float) -> None:
        values[metric] = max(values.get(metric, 0.0), value)

    for precision, _, _, found in _over_all(sizes, heads, precisions):
        dense = found["dense"][1]
        largest = max(float(np.abs(gradient).max()) for gradient in dense.values())
        for name in ("edges", "messages"):
            for parameter in PARAMETERS:
                expected = dense[parameter]
                error = largest_difference(found[name][1][parameter], expected)
                worst(f"{name}_{precision}", error / largest)
                error /= max(float(np.abs(expected).max()), 1e-2 * largest)
                worst(f"by_parameter_{precision}", error)
                errors.setdefault(f"{parameter} {precision}", []).append(error)
    return Measurement(values, curves=dict(relative_errors=errors))


def strict_form(
    sizes: Sequence[int] = SIZES,
    heads: Sequence[int] = HEADS,
    precisions: Sequence[str] = ("x64", "f32"),
) -> Measurement:
    """E3: a message of its two ends alone computes attention, until it over- or underflows."""
    values: dict[str, float] = {}
    for precision, _, _, found in _over_all(sizes, heads, precisions):
        metric = f"strict_{precision}"
        error = largest_difference(found["strict"][0], found["dense"][0])
        values[metric] = max(values.get(metric, 0.0), error)
    edges = edge_structure(graphs.complete(4, loops=True))
    rng = np.random.default_rng(0)
    value = jnp.asarray(rng.uniform(0.5, 1, (4, 1, 3)), jnp.float32)

    def results(score: float) -> tuple[Any, Any]:
        query = jnp.ones((4, 1, 1), jnp.float32)
        key = jnp.full((4, 1, 1), score, jnp.float32)
        softmax = attention(query, key, value, edges, scale=1.0, implementation="edges")
        return strict_messages(edges, query, key, value), softmax

    scores = np.arange(60, 110)
    fine = [score for score in scores if np.isfinite(results(float(score))[0]).all()]
    values["largest_finite_score_f32"] = float(max(fine))
    strict, softmax = results(1e4)
    values["strict_finite_at_1e4"] = float(np.isfinite(strict).all())
    mean = np.broadcast_to(value.mean(0), (4, 1, 3))
    values["softmax_at_1e4"] = largest_difference(softmax, mean)
    strict, softmax = results(-100.0)
    values["strict_finite_at_minus_100"] = float(np.isfinite(strict).all())
    values["strict_error_at_minus_100"] = largest_difference(strict, mean)
    values["softmax_at_minus_100"] = largest_difference(softmax, mean)
    values["change_by_a_third_node"] = change_by_a_third_node()
    return Measurement(values)


def change_by_a_third_node() -> float:
    """How far the message of equation 15 from node 1 to node 0 changes when node 2 does."""
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        structure = complete_structure(3)
        query, key, value = jnp.asarray(rng.normal(size=(3, 3, 1, 4)))
        messages = [
            attention_weights(query, k, structure, scale=1.0).reshape(3, 3)[0, 1] * value[1, 0]
            for k in (key, key.at[2].set(rng.normal(size=(1, 4))))
        ]
        return largest_difference(*messages)


def masked(
    n: int = 530,
    densities: Sequence[float] = DENSITIES,
    precisions: Sequence[str] = ("x64", "f32"),
) -> Measurement:
    """E5: attention along the edges of a graph, and dense attention with its matrix as mask.

    Enough nodes that the blocks of pairs and of edges are several.
    """
    values: dict[str, float] = {}

    def worst(metric: str, value: float) -> None:
        values[metric] = max(values.get(metric, 0.0), value)

    for precision in precisions:
        with jax.enable_x64(precision == "x64"):
            for number, density in enumerate(densities):
                found = masked_routes(n, density, number, precision == "x64")
                for name in ("edges", "chunked", "segments", "chunked mask"):
                    metric = f"{name.replace(' ', '_')}_{precision}"
                    worst(metric, largest_difference(found[name], found["dense"]))
                outside = found["weights"][graphs.looped(found["adjacency"]) == 0]
                worst("weight_outside", float(np.abs(outside).max(initial=0)))
                values["unmasked"] = min(
                    values.get("unmasked", np.inf),
                    largest_difference(found["unmasked"], found["dense"]),
                )
    return Measurement({**values, "residual": residual()})


def residual(n: int = 40, heads: int = 2) -> float:
    """Difference of TransformerConv from equation 16, with the maps that it has around it.

    S h_i + sum over the neighbours of w_ij U h_j, all maps with biases; without 1/sqrt(d).
    """
    rng = np.random.default_rng(7)
    mask = graphs.looped(graphs.random_graph(rng, n, 0.2)) > 0
    x = rng.normal(size=(n, DIM))
    module = gtx.nn.TransformerConv(DIM, num_heads=heads, scale=1.0)
    with jax.enable_x64(True):
        batch = graphs.batch_of([mask.astype(float)])
        features = Features(nodes=pad_nodes(x, batch))
        variables = parameters(module, features, batch, seed=3)
        found = np.asarray(apply(module, variables, features, batch).nodes[:n])
        maps = jax.tree.map(np.float64, variables["params"]["nodes"])
    *parts, expected = np.split(x @ maps["kernel"] + maps["bias"], 4, axis=1)
    query, key, value = (part.reshape(n, heads, -1) for part in parts)
    scores = np.where(mask[..., None], np.einsum("ihd,jhd->ijh", query, key), -np.inf)
    weights = np.exp(scores - scores.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    expected = expected + np.einsum("ijh,jhd->ihd", weights, value).reshape(n, -1)
    return largest_difference(found, expected)


def masked_routes(n: int, density: float, seed: int, double: bool) -> dict[str, Any]:
    """Results of every program on a random graph with self-loops, and the dense weights."""
    dtype = jnp.float64 if double else jnp.float32
    rng = np.random.default_rng(seed)
    adjacency = graphs.random_graph(rng, n, density)
    mask = graphs.looped(adjacency) > 0
    edges, pairs = edge_structure(mask, rng), complete_structure(n, mask)
    shape = (3, n, 2, DIM // 2)
    query, key, value = jnp.asarray(rng.normal(size=shape), dtype)

    @jit_once
    def run(query: Any, key: Any, value: Any) -> Any:
        attend = functools.partial(attention, query, key, value, scale=1.0)
        logits = (query[edges.receivers] * key[edges.senders]).sum(-1)
        weights = segment_softmax(logits, edges.receivers, n)
        segments = jax.ops.segment_sum(
            weights[..., None] * value[edges.senders], edges.receivers, n
        )
        return {
            "dense": attend(pairs, implementation="dense"),
            "edges": attend(edges, implementation="edges"),
            "chunked": attend(edges, implementation="chunked"),
            "chunked mask": attend(pairs, implementation="chunked"),
            "segments": segments,
            "unmasked": attend(complete_structure(n), implementation="dense"),
            "weights": attention_weights(query, key, pairs, scale=1.0).reshape(n, n, -1),
        }

    found = jax.tree.map(np.asarray, run(query, key, value))
    return {**found, "adjacency": adjacency}
