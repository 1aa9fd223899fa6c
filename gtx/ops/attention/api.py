"""The one attention function."""

import jax
from jaxtyping import Array, Float

from gtx.ops.attention.contract import Call, Complete, Structure, with_ids
from gtx.ops.attention.scores import Dot, Score
from gtx.ops.attention.select import IMPLEMENTATIONS, select
from gtx.ops.noise import check_rate, key_bits


def attention(
    query: Float[Array, "receivers heads head_dim"],
    key: Float[Array, "senders heads head_dim"],
    value: Float[Array, "senders heads value_dim"],
    structure: Structure,
    *,
    score: Score = Dot(),  # noqa: B008, an immutable value
    bias: Float[Array, "entries heads"] | None = None,
    gate: Float[Array, "entries heads"] | None = None,
    edge_key: Float[Array, "entries heads head_dim"] | None = None,
    edge_value: Float[Array, "entries heads value_dim"] | None = None,
    scale: float | None = None,
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
    with zero gradients, and so does a padding node. What masked edges or pairs and padding
    nodes hold, NaN included, reaches neither result nor gradients. The noise of dropout is a
    hash of (key, receiver id, sender id, head): the same in every implementation. All
    implementations agree in value and in gradients up to rounding. Differentiate in
    reverse mode.

    Args:
      query: one per receiver.
      key: one per sender; its head_dim is the query's.
      value: one per sender, of any head_dim.
      structure: who attends to whom. The axis `entries` is its edges (`Edges`) or its pairs
        (`Complete`).
      score: logit from query and key.
      bias: added to the logits.
      gate: multiplies the weights after the softmax.
      edge_key: added to the key along an edge or pair.
      edge_value: added to the value along an edge or pair.
      scale: of the score; None for the score's default, 1/sqrt(head_dim) for `Dot`.
        `scale=1` is the paper's equation to the letter.
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
    _check_sizes(query, key, structure, bias, gate, edge_key, edge_value)
    check_rate(dropout_rate)
    dropout_bits = None
    if dropout_rate > 0:
        if dropout_key is None:
            raise ValueError("dropout_rate > 0 needs a dropout_key; for evaluation pass rate 0.")
        dropout_bits = key_bits(dropout_key)
    call = Call(
        query=query,
        key=key,
        value=value,
        structure=with_ids(structure, query.shape[0], key.shape[0]),
        score=score,
        bias=bias,
        gate=gate,
        edge_key=edge_key,
        edge_value=edge_value,
        scale=score.default_scale(query.shape[-1]) if scale is None else scale,
        dropout_rate=dropout_rate,
        dropout_bits=dropout_bits,
    )
    out, lse = IMPLEMENTATIONS[select(implementation, call)].attend(call)
    return (out, lse) if return_lse else out


def _check_sizes(query, key, structure, bias, gate, edge_key, edge_value):
    num_receivers, num_senders = query.shape[0], key.shape[0]
    if isinstance(structure, Complete):
        num_nodes, entries, kind = (
            structure.layout.num_nodes,
            structure.layout.num_pairs,
            "pairs",
        )
        if (num_receivers, num_senders) != (num_nodes, num_nodes):
            raise ValueError(
                f"The layout has {num_nodes} nodes, but query and key have {num_receivers} "
                f"and {num_senders} rows."
            )
    else:
        entries, kind = structure.senders.shape[0], "edges"
        if structure.num_receivers not in (None, num_receivers):
            raise ValueError(
                f"num_receivers is {structure.num_receivers}, but query has {num_receivers} rows."
            )
    arrays = dict(
        bias=bias, gate=gate, edge_key=edge_key, edge_value=edge_value, where=structure.where
    )
    for name, values in arrays.items():
        if values is not None and values.shape[0] != entries:
            raise ValueError(
                f"The structure has {entries} {kind}, but {name} has {values.shape[0]} rows."
            )
