"""The one attention function."""

import dataclasses
from typing import Any, Literal, TypedDict, Unpack, overload

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree, Shaped

from gtx.ops.arguments import as_ids, check_flag
from gtx.ops.attention import block
from gtx.ops.attention.check import check, check_structure_type, checked_scale
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
from gtx.ops.attention.traced import check_functions, message_shapes
from gtx.ops.noise import check_rate, key_bits
from gtx.ops.varying import vary_like

Bias = Float[Array, "entries heads"] | BiasFunction | None


class Options(TypedDict, total=False):
    """The keyword arguments of `attention` that do not decide how many things it returns."""

    score: Score
    entry: Any
    bias: Bias
    gate: Float[Array, "entries heads"] | None
    edge_key: Float[Array, "entries heads head_dim"] | None
    edge_value: Float[Array, "entries heads value_dim"] | None
    scale: Scale | None
    dropout_rate: float
    dropout_key: jax.Array | None
    implementation: str


@overload
def attention(
    query: Array,
    key: Array,
    value: Array,
    structure: Structure,
    *,
    return_lse: Literal[False] = False,
    return_message: Literal[False] = False,
    **options: Unpack[Options],
) -> Array: ...
@overload
def attention(
    query: Array,
    key: Array,
    value: Array,
    structure: Structure,
    *,
    return_lse: Literal[True],
    return_message: Literal[False] = False,
    **options: Unpack[Options],
) -> tuple[Array, Array]: ...
@overload
def attention(
    query: Array,
    key: Array,
    value: Array,
    structure: Structure,
    *,
    return_lse: Literal[False] = False,
    return_message: Literal[True],
    **options: Unpack[Options],
) -> tuple[Array, Any]: ...
@overload
def attention(
    query: Array,
    key: Array,
    value: Array,
    structure: Structure,
    *,
    return_lse: Literal[True],
    return_message: Literal[True],
    **options: Unpack[Options],
) -> tuple[Array, Array, Any]: ...
@overload
def attention(
    query: Array,
    key: Array,
    value: Array,
    structure: Structure,
    *,
    return_lse: bool = False,
    return_message: bool = False,
    **options: Unpack[Options],
) -> Any: ...
def attention(
    query: Float[Array, "receivers heads head_dim"],
    key: Float[Array, "senders heads head_dim"],
    value: Float[Array, "senders heads value_dim"],
    structure: Structure,
    *,
    score: Score = Dot(),  # noqa: B008, an immutable value
    entry: PyTree[Shaped[Array, "entries ..."]] = None,
    bias: Bias = None,
    gate: Float[Array, "entries heads"] | None = None,
    edge_key: Float[Array, "entries heads head_dim"] | None = None,
    edge_value: Float[Array, "entries heads value_dim"] | None = None,
    scale: Scale | None = None,
    dropout_rate: float = 0.0,
    dropout_key: jax.Array | None = None,
    implementation: str = "auto",
    return_lse: bool = False,
    return_message: bool = False,
) -> Float[Array, "receivers heads value_dim"] | tuple[Any, ...]:
    """Messages weighted by a softmax over the incoming edges of each receiver.

    For a receiver i with incoming edges from j, per head:

        s_ij, m_ij = score(q_i, k_j + edge_key_ij, entry_ij)
        w_ij = dropout(softmax_j(s_ij + bias_ij) * gate_ij)
        out_i = sum_j w_ij (v_j + edge_value_ij + score.edge_value(m_ij))

    Equations 14 and 15 of Joshi (2025). Over `Complete` it is the attention of a Transformer, over
    `Edges` that of a graph attention network. Most scores return no message m_ij, and only some of
    those that do add it to the value.

    Logits, softmax and sums run in at least float32. A receiver without edges gets exactly 0
    with zero gradients, and so does a padding node. The weights of every other receiver sum to 1
    before gate and dropout, for logits of any size down to -1e30. An edge with a logit below -1e30,
    -inf included, counts as no edge. A head that overflows does not affect the others. The contents
    of masked edges or pairs and of padding nodes, NaN included, reach neither the result nor the
    gradients. The noise of dropout is a hash of (key, receiver id, sender id, head), so it is the
    same in every implementation. All implementations agree in value and in gradients up to
    rounding. Only reverse-mode differentiation is supported.

    All arrays but ids and entries hold real floats. Integers and bools are refused, because a mean
    of them would be rounded to their type.

    Args:
      query: one per receiver. The graphs follow one another on this axis; there is no batch axis.
      key: one per sender; its head_dim is the query's.
      value: one per sender, of any head_dim.
      structure: who attends to whom. The axis `entries` is its edges (`Edges`) or its pairs
        (`Complete`).
      score: logit from query, key and entry: `Dot`, `Clamped`, `Additive`, `Dynamic`,
        `Multiplied`, `EGTScore`, `GRITScore`, or a frozen dataclass of your own with the methods
        of `Score`, registered with jax as a pytree.
      entry: the features of an edge or pair that the score reads: any tree of arrays
        [entries, ...] of floats or integers. Entries of masked edges or pairs are replaced by 0.
      bias: added to the logits; an array, or a function of node features that is evaluated
        where it is needed.
      gate: multiplies the weights after the softmax.
      edge_key: added to the key along an edge or pair.
      edge_value: added to the value along an edge or pair.
      scale: of the score; None for the score's default, which is 1/sqrt(head_dim) for `Dot`.
        `scale=1` gives equation 14 literally. One number of Python or numpy, or an array without
        axes, which may be learned and must be finite.
      dropout_rate: static, in [0, 1): the probability that a weight becomes 0; the others
        grow by 1 / (1 - dropout_rate).
      dropout_key: a jax PRNG key; needed when `dropout_rate` is not 0.
      implementation: "auto", or the name of an implementation.
      return_lse: also return log sum_j exp(s_ij + bias_ij), -1e30 for a receiver without edges,
        in at least float32. It allows results over disjoint sets of senders to be merged.
      return_message: also return the score's message: a tree of arrays [entries, ...], exactly 0
        where an edge or pair is masked, in the dtype of `value`.

    Returns:
      The result in the dtype of `value`; or (result, log-sum-exp), (result, message), (result,
      log-sum-exp, message), as requested.

    Raises:
      ValueError: shapes and structure disagree, an edge ends at no node (see `Edges`), the named
        implementation does not apply, the dropout key is missing, an entry is given to a score that
        reads none, or a message is requested from a score that returns none.
      TypeError: an argument has a wrong type or dtype.
    """
    check_rate(dropout_rate)
    check_flag(return_lse, "return_lse")
    check_flag(return_message, "return_message")
    if dropout_rate > 0 and dropout_key is None:
        raise ValueError("dropout_rate > 0 needs a dropout_key; for evaluation pass rate 0.")
    # From here on all implementations get the same checked arguments with defaults filled in.
    call = make_call(
        query,
        key,
        value,
        structure,
        score=score,
        entry=entry,
        bias=bias,
        gate=gate,
        edge_key=edge_key,
        edge_value=edge_value,
        scale=scale,
        dropout_rate=dropout_rate,
        dropout_key=dropout_key if dropout_rate > 0 else None,
        needs_lse=return_lse,
        needs_message=return_message,
    )
    # Selected even where nothing is computed: a wrong name must raise for empty inputs too.
    chosen = select(implementation, call)
    attend = IMPLEMENTATIONS[chosen].attend if 0 not in (len(query), len(key)) else _nobody
    out, lse, message = attend(call)
    if not return_message:
        return (out, lse) if return_lse else out
    # Cast here, once for all implementations: inside they compute in at least float32.
    message = jax.tree.map(lambda values: values.astype(out.dtype), message)
    return (out, lse, message) if return_lse else (out, message)


def _nobody(call: Call) -> tuple[Array, Array, Any]:
    """The results without receivers or without senders: empty arrays or 0."""
    shape, dtype = call.query.shape[:2], compute_dtype(call)
    out = jnp.zeros((*shape, call.value.shape[2]), call.value.dtype)
    lse = block.log_sum_exp(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype))
    if not call.needs_message:
        return out, lse, None
    complete = isinstance(call.structure, Complete)
    entries = call.structure.num_pairs if complete else len(call.structure.senders)
    message = jax.tree.map(
        lambda one: jnp.zeros((entries, *one.shape), one.dtype), message_shapes(call)
    )
    return out, lse, message


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
    entry: Any = None,
    gate: Any = None,
    edge_value: Any = None,
    dropout_rate: float = 0.0,
    dropout_key: Any = None,
    needs_lse: bool = False,
    needs_message: bool = False,
    weights_only: bool = False,
) -> Call:
    """Check sizes and fill in defaults.

    The parameters of the score and of the bias function are widened to float32. Their gradients
    are sums over pairs, and these then run in float32 in all implementations.
    """
    structure = _of_arrays(structure)
    check(query, key, value, structure, score, entry, bias, gate, edge_key, edge_value)
    if isinstance(bias, BiasFunction):
        bias = jax.tree.map(_wide, bias)
    scale = checked_scale(scale)
    if scale is None:
        scale = score.default_scale(query.shape[-1])
    call = Call(
        query=jnp.asarray(query),
        key=jnp.asarray(key),
        value=jnp.asarray(value),
        structure=with_ids(_on_device(structure), query.shape[0], key.shape[0]),
        score=_wide_score(score),
        entry=jax.tree.map(jnp.asarray, entry),
        bias=bias,
        gate=gate,
        edge_key=edge_key,
        edge_value=edge_value,
        scale=scale,
        dropout_rate=dropout_rate,
        dropout_bits=None if dropout_key is None else key_bits(dropout_key),
        needs_lse=needs_lse,
        needs_message=needs_message,
    )
    check_functions(call, weights_only)
    # The loops and hand-written gradients of the implementations need operands that vary along
    # the same mesh axes (see gtx.ops.varying).
    return vary_like(call, call)


def _wide(values: Any) -> Any:
    values = jnp.asarray(values)
    if jnp.issubdtype(values.dtype, jnp.floating):
        return values.astype(jnp.promote_types(values.dtype, jnp.float32))
    return values


def _wide_score(score: Score) -> Score:
    leaves = jax.tree.leaves(score)
    # jax takes an object of an unknown class for a leaf, that is, for an array.
    if leaves and leaves[0] is score:
        raise TypeError(
            f"The score {type(score).__name__} is not registered with jax: decorate the class with "
            "jax.tree_util.register_dataclass, arrays as data_fields and the rest as meta_fields."
        )
    return jax.tree.map(_wide, score)


def _of_arrays(structure: Structure) -> Structure:
    """The structure with arrays in place of lists, and with ids of at least 32 bits."""
    check_structure_type(structure)
    where = structure.where
    if isinstance(where, list | tuple):
        where = np.asarray(where) if where else np.zeros(0, bool)
    if isinstance(structure, Complete):
        return dataclasses.replace(structure, where=where)
    check_flag(structure.indices_are_sorted, "indices_are_sorted")
    return dataclasses.replace(
        structure,
        senders=as_ids(structure.senders, "senders"),
        receivers=as_ids(structure.receivers, "receivers"),
        where=where,
    )


def _on_device(structure: Structure) -> Structure:
    """The structure with jax arrays in place of numpy arrays."""
    where = None if structure.where is None else jnp.asarray(structure.where)
    if isinstance(structure, Complete):
        return dataclasses.replace(structure, where=where)
    senders, receivers = jnp.asarray(structure.senders), jnp.asarray(structure.receivers)
    return dataclasses.replace(structure, senders=senders, receivers=receivers, where=where)
