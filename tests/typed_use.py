"""What a type checker must see of gtx. `make types` reads this file; nothing runs it."""

from typing import Any, assert_type

import jax

import gtx
import gtx.predict
from gtx.ops import Edges, Multiplied, attention

assert_type(gtx.Predictor.load("runs/mine"), gtx.predict.Predictor)
assert_type(gtx.nn.GAT(dim=8), gtx.nn.GAT)
assert_type(gtx.__version__, str)


def attended(x: jax.Array, edges: Edges, flag: bool) -> None:
    """What attention returns follows from the flags that are written down."""
    assert_type(attention(x, x, x, edges), jax.Array)
    assert_type(attention(x, x, x, edges, return_lse=True), tuple[jax.Array, jax.Array])
    assert_type(
        attention(x, x, x, edges, score=Multiplied(), entry=x, return_message=True),
        tuple[jax.Array, Any],
    )
    assert_type(
        attention(x, x, x, edges, return_lse=True, return_message=True),
        tuple[jax.Array, jax.Array, Any],
    )
    assert_type(attention(x, x, x, edges, return_lse=flag), Any)
    attention(x, x, x, edges, scores=Multiplied())  # type: ignore[call-overload]


# An unknown name is an error. Without one, the unused comment is the error.
_ = gtx.graph_transformer  # type: ignore[attr-defined]
