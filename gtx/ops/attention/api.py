"""The one attention function."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.ops.attention import block
from gtx.ops.attention.check import check
from gtx.ops.attention.closures import check_closures
from gtx.ops.attention.contract import (
    BiasFunction,
    Call,
    Complete,
    Structure,
    compute_dtype,
    with_ids,
)
from gtx.ops.attention.scores import Dot, Scale, Score
from gtx.ops.attention.select import IMPLEMENTATIONS, select
from gtx.ops.noise import check_rate, key_bits
from gtx.ops.varying import vary_like

Bias = Float[Array, "entries heads"] | BiasFunction | None


def attention(
    query: Float[Array, "receivers heads head_dim"],
    key: Float[Array, "senders heads head_dim"],
    value: Float[Array, "senders heads value_dim"],
    structure: Structure,
    *,
    score: Score = Dot(),  # noqa: B008, an immutable value
    bias: Bias = None,
    gate: Float[Array, "entries heads"] | None = None,
    edge_key: Float[Array, "entries heads head_dim"] | None = None,
    edge_value: Float[Array, "entries heads value_dim"] | None = None,
    scale: Scale | None = None,
    dropout_rate: float = 0.0,
    dropout_key: jax.Array | None = None,
    implementation: str = "auto",
    return_lse: bool = False,
) -> (
    Float[Array, "receivers heads value_dim"]
    | tuple[Float[Array, "receivers heads value_dim"], Float[Array, "receivers heads"]]
):
    """Messages weighted by a softmax over the incoming edges of each receiver.

    For a receiver i with incoming edges from j, per head:

        s_ij = score(q_i, k_j + edge_key_ij) + bias_ij
        out_i = sum_j dropout(softmax_j(s_ij) * gate_ij) (v_j + edge_value_ij)

    Equations 14 and 15 of Joshi (2025); over `Complete` it is the attention of a Transformer,
    over `Edges` that of a graph attention network.

    Logits, softmax and sums run in at least float32. A receiver without edges gets exactly 0
    with zero gradients, and so does a padding node. The weights of all others sum to 1 before
    gate and dropout, whatever the size of their logits, down to -1e30: an edge whose logit is
    below, -inf included, counts as none. A head that overflows leaves the others alone. What
    masked edges or pairs and padding nodes hold, NaN included, reaches neither result nor
    gradients. The noise of dropout is a hash of (key, receiver id, sender id, head): the same
    in every implementation. All implementations agree in value and in gradients up to
    rounding. Differentiate in reverse mode.

    Args:
      query: one per receiver.
      key: one per sender; its head_dim is the query's.
      value: one per sender, of any head_dim.
      structure: who attends to whom. The axis `entries` is its edges (`Edges`) or its pairs
        (`Complete`).
      score: logit from query and key: `Dot`, `Clamped`, `Additive`, `Dynamic`, or a frozen
        dataclass of your own with their two methods, registered with jax as a pytree.
      bias: added to the logits; an array, or a function of node features that is evaluated
        where it is needed.
      gate: multiplies the weights after the softmax.
      edge_key: added to the key along an edge or pair.
      edge_value: added to the value along an edge or pair.
      scale: of the score; None for the score's default, 1/sqrt(head_dim) for `Dot`.
        `scale=1` is the paper's equation to the letter. An array may be learned.
      dropout_rate: static, in [0, 1): the probability that a weight becomes 0; the others
        grow by 1 / (1 - dropout_rate).
      dropout_key: a jax PRNG key; needed when `dropout_rate` is not 0.
      implementation: "auto", or the name of one.
      return_lse: also return log sum_j exp(s_ij), -1e30 for a receiver without edges, in at
        least float32; with it, results over disjoint sets of senders can be merged.

    Returns:
      The result in the dtype of `value`, or (result, log-sum-exp).

    Raises:
      ValueError: if shapes and structure disagree, the named implementation does not apply,
        or the dropout key is missing.
    """
    check_rate(dropout_rate)
    if dropout_rate > 0 and dropout_key is None:
        raise ValueError("dropout_rate > 0 needs a dropout_key; for evaluation pass rate 0.")
    call = make_call(
        query,
        key,
        value,
        structure,
        score=score,
        bias=bias,
        gate=gate,
        edge_key=edge_key,
        edge_value=edge_value,
        scale=scale,
        dropout_rate=dropout_rate,
        dropout_key=dropout_key if dropout_rate > 0 else None,
        needs_lse=return_lse,
    )
    chosen = select(implementation, call)
    attend = IMPLEMENTATIONS[chosen].attend if 0 not in (len(query), len(key)) else _nobody
    out, lse = attend(call)
    return (out, lse) if return_lse else out


def _nobody(call: Call) -> tuple[Array, Array]:
    """Without receivers or without senders every result is empty or 0."""
    shape, dtype = call.query.shape[:2], compute_dtype(call)
    out = jnp.zeros((*shape, call.value.shape[2]), call.value.dtype)
    return out, block.log_sum_exp(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype))


def make_call(
    query: Any,
    key: Any,
    value: Any,
    structure: Structure,
    *,
    score: Score,
    bias: Bias,
    edge_key: Any,
    scale: Scale | None,
    gate: Any = None,
    edge_value: Any = None,
    dropout_rate: float = 0.0,
    dropout_key: Any = None,
    needs_lse: bool = False,
) -> Call:
    """Check sizes and fill in defaults.

    What score and bias function compute from is widened to float32, so that gradients that
    are summed over pairs are summed in float32 in all implementations.
    """
    structure = _on_device(structure)
    check(query, key, value, structure, bias, gate, edge_key, edge_value)
    if isinstance(bias, BiasFunction):
        bias = jax.tree.map(_wide, bias)
    if scale is None:
        scale = score.default_scale(query.shape[-1])
    call = Call(
        query=jnp.asarray(query),
        key=jnp.asarray(key),
        value=jnp.asarray(value),
        structure=with_ids(structure, query.shape[0], key.shape[0]),
        score=_wide_score(score),
        bias=bias,
        gate=gate,
        edge_key=edge_key,
        edge_value=edge_value,
        scale=_wide(scale) if isinstance(scale, jax.Array) else scale,
        dropout_rate=dropout_rate,
        dropout_bits=None if dropout_key is None else key_bits(dropout_key),
        needs_lse=needs_lse,
    )
    check_closures(call)
    # Loops and hand-written gradients below need operands that differ along the same axes.
    return vary_like(call, call)


def _wide(values: Any) -> Any:
    values = jnp.asarray(values)
    if jnp.issubdtype(values.dtype, jnp.floating):
        return values.astype(jnp.promote_types(values.dtype, jnp.float32))
    return values


def _wide_score(score: Score) -> Score:
    leaves = jax.tree.leaves(score)
    if leaves and leaves[0] is score:
        raise TypeError(
            f"The score {type(score).__name__} is not registered with jax: decorate the class with "
            "jax.tree_util.register_dataclass, arrays as data_fields and the rest as meta_fields."
        )
    return jax.tree.map(_wide, score)


def _on_device(structure: Structure) -> Structure:
    """Edges as lists or numpy arrays are taken too."""
    if isinstance(structure, Complete):
        return structure
    senders, receivers = jnp.asarray(structure.senders), jnp.asarray(structure.receivers)
    where = None if structure.where is None else jnp.asarray(structure.where)
    return dataclasses.replace(structure, senders=senders, receivers=receivers, where=where)
