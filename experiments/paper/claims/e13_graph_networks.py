"""E13: known graph networks are message, aggregate and update, equations 11 to 13."""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, style
from experiments.paper.claim import X64, Claim, Gate, limit
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.modules import apply, pad_nodes, parameters
from gtx.batch import Features
from gtx.ops import message_passing

DIM, EPSILON = 5, 0.3
LAYERS = {
    "GCN": gtx.nn.GCN(DIM),
    "GIN": gtx.nn.GIN(DIM, epsilon=EPSILON),
    "GraphSAGE": gtx.nn.GraphSAGE(DIM),
    "MPNN": gtx.nn.MPNN(DIM),
}
# Name -> message, aggregate and update, in the letters of the paper.
TABLE = {
    "GCN": ("x_j / sqrt(d_i d_j)", "sum", "(m + x_i / d_i) W + b"),
    "GIN": ("x_j", "sum", "MLP((1 + ε) x_i + m)"),
    "GraphSAGE": ("x_j", "mean", "x_i R + m N + b"),
    "MPNN": ("MLP([x_i; x_j])", "sum", "MLP([x_i; m])"),
}


def affine(x: Any, params: Any) -> Any:
    return x @ params["kernel"] + params.get("bias", 0)


def perceptron(x: Any, params: Any) -> Any:
    return affine(jnp.maximum(affine(x, params["hidden"]), 0), params["output"])


def closed_form(name: str, x: np.ndarray, adjacency: np.ndarray, params: Any) -> np.ndarray:
    """The layer as products of matrices. `adjacency` has the edges from column j to row i."""
    n = len(x)
    if name == "GCN":
        root = np.diag((1 + adjacency.sum(1)) ** -0.5)
        mixed = root @ (adjacency + np.eye(n)) @ root @ x
        return mixed @ params["linear"]["kernel"] + params["bias"]
    if name == "GIN":
        return perceptron((1 + EPSILON) * x + adjacency @ x, params)
    if name == "GraphSAGE":
        means = adjacency @ x / np.maximum(adjacency.sum(1, keepdims=True), 1)
        return affine(x, params["root"]) + affine(means, params["neighbours"])
    to, sent = np.split(affine(x, params["nodes"]), 2, axis=1)
    messages = affine(np.maximum(to[:, None] + sent[None], 0), params["message"])
    return perceptron(np.concatenate([x, np.einsum("ij,ijd->id", adjacency, messages)], 1), params)


def one_step(name: str, params: Any) -> tuple[Callable[..., Any], Callable[..., Any], str]:
    """The message and the update of a layer as functions of nodes dict(x, d), and its aggregate."""

    def mpnn_message(i: Any, j: Any, e: Any) -> Any:
        kernels = jnp.split(params["nodes"]["kernel"], 2, axis=1)
        biases = jnp.split(params["nodes"]["bias"], 2)
        hidden = i["x"] @ kernels[0] + biases[0] + j["x"] @ kernels[1] + biases[1]
        return affine(jnp.maximum(hidden, 0), params["message"])

    def sender(i: Any, j: Any, e: Any) -> Any:
        return j["x"]

    return {
        "GCN": (
            lambda i, j, e: j["x"] / jnp.sqrt(i["d"] * j["d"]),
            lambda i, m: (m + i["x"] / i["d"]) @ params["linear"]["kernel"] + params["bias"],
            "sum",
        ),
        "GIN": (sender, lambda i, m: perceptron((1 + EPSILON) * i["x"] + m, params), "sum"),
        "GraphSAGE": (
            sender,
            lambda i, m: affine(i["x"], params["root"]) + affine(m, params["neighbours"]),
            "mean",
        ),
        "MPNN": (
            mpnn_message,
            lambda i, m: perceptron(jnp.concatenate([i["x"], m], axis=1), params),
            "sum",
        ),
    }[name]


def closed_forms(n: int = 11) -> Measurement:
    """Compare the layers of gtx, and equations 11 to 13 with their functions, with matrices."""
    rng = np.random.default_rng(0)
    adjacency = (rng.random((n, n)) < 0.3).astype(float)  # directed
    np.fill_diagonal(adjacency, 0)
    adjacency[0] = 0  # receives nothing
    x = rng.normal(size=(n, DIM))
    batch = batches.batch_of([adjacency])
    senders, receivers = (jnp.asarray(side) for side in batches.edge_list(adjacency))
    layer_error, step_error, results = 0.0, 0.0, []
    with jax.enable_x64(True):
        features = Features(nodes=pad_nodes(x, batch))
        for name, module in LAYERS.items():
            variables = parameters(module, features, batch, seed=2)
            params = jax.tree.map(np.float64, variables["params"])
            expected = np.asarray(closed_form(name, x, adjacency, params))
            found = apply(module, variables, features, batch).nodes[:n]
            message, update, method = one_step(name, params)
            step = message_passing(
                dict(x=jnp.asarray(x), d=jnp.asarray(1 + adjacency.sum(1))[:, None]),
                senders,
                receivers,
                message=message,
                update=update,
                method=method,
            )
            layer_error = max(layer_error, largest_difference(found, expected))
            step_error = max(step_error, largest_difference(step, expected))
            results.append(expected)
    pairs = [(i, j) for i in range(len(results)) for j in range(i)]
    message, _, _ = one_step("GCN", {})
    few, many = (dict(x=np.ones(DIM), d=degree) for degree in (2.0, 5.0))
    values = dict(
        layers=layer_error,
        one_liners=step_error,
        apart=min(largest_difference(results[i], results[j]) for i, j in pairs),
        instances=len(results),
        same_ends_other_message=largest_difference(
            message(few, few, None), message(many, many, None)
        ),
    )
    return Measurement(values, curves=dict(table={name: list(row) for name, row in TABLE.items()}))


def draw_figure() -> Figure:
    """Draw a table of the message, the aggregate and the update of four layers."""
    found = closed_forms()
    figure, axes = style.new(height=2.9)
    axis = axes[0, 0]
    axis.axis("off")
    head = ["", r"message $\psi$", r"$\bigoplus$", r"update $\phi$"]
    rows = [[name, *row] for name, row in found.curves["table"].items()]
    places, size = (0.0, 0.2, 0.53, 0.66), 13.5
    for line, row in enumerate([head, *rows]):
        y = 0.93 - 0.16 * line
        for place, text in zip(places, row, strict=True):
            weight = "bold" if line == 0 or place == 0 else "normal"
            text = re.sub("([xd])_([ij])", r"$\1_\2$", text.replace("sqrt", "√"))
            axis.text(place, y, text, fontsize=size, weight=weight, va="center")
        axis.axhline(y - 0.08, color=style.GREY, lw=1 if line else 2)
    worst = max(found.values["layers"], found.values["one_liners"])
    text = f"largest distance to the closed forms, float64: {worst:.0e}"
    axis.text(0, 0.06, text, fontsize=size, color=style.BLUE)
    axis.set_xlim(0, 1.06)
    axis.set_ylim(0, 1)
    return figure


CLAIM = Claim(
    number=13,
    place="2.1, equations 11-13",
    says="Message, aggregate and update cover GCN, GIN and MPNN.",
    test="The layers of gtx, GraphSAGE's too, and equations 11-13 with their functions, against "
    "matrices, float64. GCN's message between nodes of equal features and other degrees.",
    measure=closed_forms,
    gates=(
        Gate("layers", "<=", X64, "difference of a layer from its closed form"),
        Gate("one_liners", "<=", X64, "difference of equations 11-13 from a closed form"),
        limit("apart", ">=", 1e-3, "smallest difference between two of the closed forms"),
        limit(
            "same_ends_other_message",
            ">=",
            1e-3,
            "difference of GCN's messages between ends that are equal to equation 11",
        ),
    ),
    effect="layers {layers:.1e}, equations 11-13 {one_liners:.1e}; GCN's messages between equal "
    "ends differ by {same_ends_other_message:.2g}",
    argument="The message must see more than equation 11 hands it, the features of two nodes: the "
    "degrees for GCN, the features of the edge for the MPNN of Gilmer et al. (2017), whose layer "
    "is tested without them.",
    conditional=True,
    draw=draw_figure,
)
