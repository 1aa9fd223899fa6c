"""E4: the block of equations 9 and 19."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from matplotlib.figure import Figure

import gtx.models
import gtx.nn
from experiments.paper import batches, graphs, style
from experiments.paper.claim import X64, Claim, Gate, limit, wording
from experiments.paper.measurement import Measurement, largest_difference
from experiments.paper.modules import apply, pad_nodes, parameters
from gtx.batch import Features

DIM, HEADS = 8, 2
FORMS = ("paper", "post_ln", "pre_ln")
Params = Any
Map = Callable[[np.ndarray], np.ndarray]


def block(form: str, gated: bool, dim: int = DIM) -> gtx.nn.TransformerBlock:
    """A block whose MLP has width 4 dim, or 8 dim / 3 with a gate.

    The form "paper" does not divide by sqrt(d), as the equations do not.
    """
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
    """A linear map with a bias."""
    return x @ params["kernel"] + params["bias"]


def layer_norm(x: np.ndarray, params: Params) -> np.ndarray:
    """LayerNorm over the features of each node."""
    centred = x - x.mean(1, keepdims=True)
    return (
        centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-5) * params["scale"]
        + params["bias"]
    )


def attention_sublayer(x: np.ndarray, params: Params, scale: float) -> np.ndarray:
    """Equations 5 to 8, with the biases that gtx adds."""
    query, key, value = np.split(affine(x, params["query_key_value"]), 3, axis=1)
    heads = []
    for part in np.split(np.arange(x.shape[1]), HEADS):
        weights = np.exp(scale * query[:, part] @ key[:, part].T)
        heads.append(weights / weights.sum(1, keepdims=True) @ value[:, part])
    return affine(np.concatenate(heads, axis=1), params["output"])


def feed_forward(x: np.ndarray, params: Params, gated: bool) -> np.ndarray:
    """The MLP with ReLU, or SwiGLU if it is gated."""
    hidden = affine(x, params["hidden"])
    if gated:
        hidden, gate = np.split(hidden, 2, axis=1)
        hidden = hidden / (1 + np.exp(-hidden)) * gate
    else:
        hidden = np.maximum(hidden, 0)
    return affine(hidden, params["output"])


def stages(form: str, gated: bool, x: np.ndarray, params: Params) -> dict[str, np.ndarray]:
    """What each stage of the block computes, in NumPy. The last stage is the result."""
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
    """Compare the three forms of a block, with ReLU and with SwiGLU, with NumPy."""
    batch = batches.batch_of([graphs.complete(n)])
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
    # There are two results of each form: ReLU and SwiGLU.
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


def draw_figure() -> Figure:
    """Draw the lengths of all tokens after each stage: figure 3 of the paper with numbers."""
    found = formula().curves["norms_of_tokens_by_stage"]
    titles = {"paper": "eqs. 9, 19", "post_ln": "post-LN", "pre_ln": "pre-LN"}
    figure, axes = style.new(1, 3, height=3.9, sharey=True)
    for axis, (form, title) in zip(axes[0], titles.items(), strict=True):
        for gated, colour in (("ReLU", style.BLUE), ("SwiGLU", style.ORANGE)):
            stages = found[f"{form} {gated}"]
            for place, lengths in enumerate(stages.values()):
                axis.plot([place] * len(lengths), lengths, "o", color=colour, markersize=3)
            means = [np.mean(lengths) for lengths in stages.values()]
            axis.plot(means, color=colour, label=gated)
        axis.set_xticks(range(len(stages)), list(stages), rotation=90, fontsize=12)
        axis.set_title(title)
        axis.set_yscale("log")
        axis.set_ylim(1, 60)
        axis.set_yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
        axis.minorticks_off()
    axes[0, 0].set_ylabel("length of a token")
    axes[0, 0].legend(loc="upper left", handlelength=1)
    return figure


CLAIM = Claim(
    number=4,
    place="1.3 and 3, equations 9 and 19; figure 3",
    says="Equations 9 and 19, attention, a residual, LayerNorm and an MLP, are the layer of a "
    "Transformer.",
    test="The paper's form, and the layers that are trained, post-LN (Vaswani et al., 2017, which "
    "it cites) and pre-LN: each with ReLU and SwiGLU, against NumPy, float64; and against each "
    "other with the same parameters where they share them.",
    measure=formula,
    gates=(
        Gate("error", "<=", X64, "difference of a block from its formula"),
        wording(
            "from_trained_forms",
            "<=",
            X64,
            "smallest difference of equations 9 and 19 from a layer that is trained",
        ),
        limit("forms_apart", ">=", 1e-3, "smallest difference between two of the six blocks"),
    ),
    effect="gtx has each form to {error:.1e}; equations 9 and 19 differ from the layers that are "
    "trained by {from_trained_forms:.2g} at least",
    argument="Equations 9 and 19 are a layer that is trained.",
    words="No residual goes around the MLP, and the second LayerNorm is missing: that is neither "
    "the post-LN layer that the paper cites nor the pre-LN layer that its figure 3 calls modern "
    "(4b). All three are what their formulas say.",
    draw=draw_figure,
    notebook="01_attention_is_message_passing",
)
