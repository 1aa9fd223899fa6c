"""Features of the pairs that the token of a graph is part of."""

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, require_layout
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import standard_normal
from gtx.ops import split_slots, to_slots
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class TokenPairEncoder(nn.Module):
    """Three learned vectors: from a token to a node, from a node to a token, between tokens.

    As biases of attention they are those of [CLS] in the authors' code of GDT (Stoll et al., 2025).
    Tokens are the virtual nodes of `gtx.structures.VirtualNodes`. Pairs of a graph's own nodes get
    0.

    Attributes:
      dim: width of the result.
      column: a name only; what is read is nodes["kind"], which tells virtual nodes.
      level: "pair".
      num_tokens: how many of the added nodes of a graph, the first ones, are its tokens; None for
        all of them.
      embedding_init: of the vectors [3, dim].
    """

    dim: int
    column: str = ""
    level: Level = "pair"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    embedding_init: Initializer = standard_normal
    num_tokens: int | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "pairs dim"]:
        del train
        if self.level != "pair":
            raise ValueError("TokenPairEncoder encodes pairs.")
        kind, mask = read_column(batch, "node", "kind")
        vectors = self.param("embedding", self.embedding_init, (3, self.dim), self.param_dtype)
        (vectors,) = nn.dtypes.promote_dtype(vectors, dtype=self.dtype)
        layout = require_layout(batch)
        kind = clean(kind[:, :1], mask)
        is_token = kind > 0
        if self.num_tokens is not None:
            is_token &= kind <= self.num_tokens
        tokens = is_token.astype(vectors.dtype)
        rows = []
        for part in split_slots(to_slots(tokens, layout), layout.tiers):
            receiver, sender = part[:, :, None], part[:, None]
            which = [receiver * (1 - sender), (1 - receiver) * sender, receiver * sender]
            rows.append(jnp.concatenate(which, axis=-1).reshape(-1, 3))
        return clean(jnp.concatenate(rows) @ vectors, batch.pair_mask)
