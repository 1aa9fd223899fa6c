"""E4, E15: the block of equations 9 and 19, and its parameters."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gtx.nn
from experiments.paper import graphs
from experiments.paper.modules import apply, pad_nodes, parameters
from experiments.paper.results import Measurement, largest_difference
from gtx.batch import Features

DIM, HEADS = 8, 2
FORMS = ("paper", "post_ln", "pre_ln")
Params = Any
Map = Callable[[np.ndarray], np.ndarray]


def block(form: str, gated: bool, dim: int = DIM) -> gtx.nn.TransformerBlock:
    """Width 4 dim, or 8 dim / 3 with a gate; "paper" has no 1/sqrt(d), as in the equations."""
    return gtx.nn.TransformerBlock(
        dim,
        functools.partial(
            gtx.nn.MultiHeadAttention, num_heads=HEADS, scale=1.0 if form == "paper" else None
        ),
        functools.partial(
            gtx.nn.FeedForward,
            hidden_dim=8 * dim // 3 if gated else 4 * dim,
            activation=jax.nn.silu if gated else jax.nn.relu,
            gated=gated,
        ),
        form=form,
    )


def affine(x: np.ndarray, params: Params) -> np.ndarray:
    return x @ params["kernel"] + params["bias"]


def layer_norm(x: np.ndarray, params: Params) -> np.ndarray:
    centred = x - x.mean(1, keepdims=True)
    return (
        centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) * params["scale"]
        + params["bias"]
    )


def attention_sublayer(x: np.ndarray, params: Params, scale: float) -> np.ndarray:
    """Equations 5 to 8, and the biases that gtx has there."""
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    heads = []
    for part in np.split(np.arange(x.shape[1]), HEADS):
        weights = np.exp(scale * query[:, part] @ key[:, part].T)
        heads.append(weights / weights.sum(1, keepdims=True) @ value[:, part])
    return affine(np.concatenate(heads, axis=1), params["output"])


def feed_forward(x: np.ndarray, params: Params, gated: bool) -> np.ndarray:
    hidden = affine(x, params["hidden"])
    if gated:
        hidden, gate = np.split(hidden, 2, axis=1)
        hidden = hidden / (1 + np.exp(-hidden)) * gate
    else:
        hidden = np.maximum(hidden, 0)
    return affine(hidden, params["output"])


def stages(form: str, gated: bool, x: np.ndarray, params: Params) -> dict[str, np.ndarray]:
    """The block in NumPy, stage by stage; the last one is its result."""
    scale = 1.0 if form == "paper" else (DIM // HEADS) ** -0.5

    def attend(values: np.ndarray) -> np.ndarray:
        return attention_sublayer(values, params["attention"], scale)

    def feed(values: np.ndarray) -> np.ndarray:
        return feed_forward(values, params["feed_forward"], gated)

    def norm(values: np.ndarray, name: str) -> np.ndarray:
        return layer_norm(values, params[f"norm_{name}"])

    found = {"h": x}
    if form == "pre_ln":
        found["norm"] = norm(x, "attention")
        found["attention"] = attend(found["norm"])
        found["h + attention"] = x + found["attention"]
        found["second norm"] = norm(found["h + attention"], "feed_forward")
        found["MLP"] = feed(found["second norm"])
        found["result"] = found["h + attention"] + found["MLP"]
        return found
    found["attention"] = attend(x)
    found["h + attention"] = x + found["attention"]
    found["norm"] = norm(found["h + attention"], "attention")
    found["MLP"] = feed(found["norm"])
    if form == "paper":
        return {**found, "result": found["MLP"]}
    found["norm + MLP"] = found["norm"] + found["MLP"]
    return {**found, "result": norm(found["norm + MLP"], "feed_forward")}


def formula(n: int = 7, forms: Sequence[str] = FORMS) -> Measurement:
    """E4: the three forms of a block, with ReLU and SwiGLU, against NumPy."""
    batch = graphs.batch_of([graphs.complete(n)])
    x = np.random.default_rng(0).normal(size=(n, DIM))
    error, results, norms = 0.0, [], {}
    with jax.enable_x64(True):
        features = Features(nodes=pad_nodes(x, batch))
        for form in forms:
            for gated in (False, True):
                module = block(form, gated)
                variables = parameters(module, features, batch, seed=1)
                found = np.asarray(apply(module, variables, features, batch).nodes[:n])
                expected = stages(form, gated, x, jax.tree.map(np.float64, variables["params"]))
                error = max(error, largest_difference(found, expected["result"]))
                results.append(found)
                norms[f"{form} {'SwiGLU' if gated else 'ReLU'}"] = {
                    stage: np.linalg.norm(rows, axis=1).tolist() for stage, rows in expected.items()
                }
    pairs = [(i, j) for i in range(len(results)) for j in range(i)]
    apart = min(largest_difference(results[i], results[j]) for i, j in pairs)
    # Two of each form: ReLU and SwiGLU.
    of_form = {form: results[2 * i : 2 * i + 2] for i, form in enumerate(forms)}
    values = dict(error=error, forms_apart=apart)
    if "paper" in forms:
        values["from_trained_forms"] = min(
            largest_difference(one, other)
            for form in forms
            if form != "paper"
            for one, other in zip(of_form["paper"], of_form[form], strict=True)
        )
    return Measurement(values, curves=dict(norms_of_tokens_by_stage=norms))


def parameter_counts(dim: int, hidden_dim: int, gated: bool, use_bias: bool) -> dict[str, int]:
    """Parameters of the parts of a block, without allocating any."""
    module = gtx.nn.TransformerBlock(
        dim,
        functools.partial(gtx.nn.MultiHeadAttention, use_bias=use_bias),
        functools.partial(
            gtx.nn.FeedForward, hidden_dim=hidden_dim, gated=gated, use_bias=use_bias
        ),
    )
    batch = graphs.batch_of([graphs.path(2)])
    features = Features(nodes=jnp.zeros((batch.node_mask.shape[0], dim)))
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), features, batch, train=False))
    count = {
        name: sum(leaf.size for leaf in jax.tree.leaves(part))
        for name, part in shapes["params"].items()
    }
    norms = sum(size for name, size in count.items() if name.startswith("norm"))
    return dict(attention=count["attention"], MLP=count["feed_forward"], norms=norms)


def parameter_split(dims: Sequence[int] = (24, 96, 768)) -> Measurement:
    """E15: how many parameters the MLP has for each one of the attention."""
    counts = {}
    for dim in dims:
        counts[f"d = {dim}, ReLU, 4d"] = parameter_counts(dim, 4 * dim, False, False)
        counts[f"d = {dim}, SwiGLU, 8d/3"] = parameter_counts(dim, 8 * dim // 3, True, False)
        counts[f"d = {dim}, ReLU, 4d, biases"] = parameter_counts(dim, 4 * dim, False, True)
        counts[f"d = {dim}, ReLU, 2d"] = parameter_counts(dim, 2 * dim, False, False)

    def ratios(suffix: str) -> list[float]:
        found = [c for name, c in counts.items() if name.endswith(suffix)]
        return [c["MLP"] / c["attention"] for c in found]

    exact = ratios("ReLU, 4d") + ratios("SwiGLU, 8d/3")
    return Measurement(
        dict(
            smallest_ratio=min(exact),
            largest_ratio=max(exact),
            with_biases=ratios("biases")[0],
            width_2d=ratios("2d")[0],
        ),
        curves=dict(parameters=counts),
    )
