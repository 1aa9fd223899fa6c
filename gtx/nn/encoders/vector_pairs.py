"""A linear map of vectors that have two parts: left and right, or real and imaginary."""

from typing import Any, Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.parts.columns import read_column
from gtx.nn.parts.initializers import fan_in_uniform
from gtx.nn.parts.linear import Linear
from gtx.ops import noise
from gtx.ops.masks import clean
from gtx.typing import Dtype, Initializer, Level


class VectorPairsEncoder(nn.Module):
    """p_i = W [a_1(i), ..., a_k(i), b_1(i), ..., b_k(i)] + b of vectors of the parts a and b.

    For `gtx.encodings.SingularVectors` this is EGT's map (Hussain et al., 2022, section 3.3). A
    sign, drawn for each graph and vector, multiplies both of its parts. The parts of
    `gtx.encodings.MagneticLaplacian` are the real and the imaginary part of a complex vector,
    whose phase is as arbitrary as a sign is. With "phases" the pair (a, b) turns by a uniform
    angle, drawn for each graph and vector. Vectors that a graph does not have are 0.

    Attributes:
      column: the encoding's name; it has the columns `<column>_vectors` and `<column>_mask`.
      dim: width of the result.
      level: "node".
      random: what is drawn while training (rng stream "dropout"): "signs", "phases" or "none".
      kernel_init: of W.
      bias_init: of b; None is PyTorch's.
    """

    column: str
    dim: int
    level: Level = "node"
    random: Literal["signs", "phases", "none"] = "signs"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = fan_in_uniform
    bias_init: Initializer | None = None

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Float[Array, "nodes dim"]:
        if self.level != "node":
            raise ValueError("VectorPairsEncoder encodes nodes.")
        if self.random not in ("signs", "phases", "none"):
            raise ValueError(f"random must be 'signs', 'phases' or 'none', got {self.random!r}.")
        vectors, node_mask = read_column(batch, "node", f"{self.column}_vectors")
        exists, graph_mask = read_column(batch, "graph", f"{self.column}_mask")
        exists = clean(exists != 0, graph_mask)
        if vectors.shape[-1] != 2 * exists.shape[-1]:
            raise ValueError(
                f"The column {self.column}_vectors has {vectors.shape[-1]} numbers for "
                f"{exists.shape[-1]} vectors, and vectors of two parts take two each. "
                "LaplacianLinearEncoder reads vectors of one part."
            )
        mask = exists[batch.node_graph] & node_mask[:, None]
        parts = [clean(part, mask) for part in jnp.split(vectors.astype(self.param_dtype), 2, 1)]
        if train and self.random != "none":
            parts = self._drawn(parts, batch)
        linear = Linear(
            self.dim,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            bias_init=self.bias_init,
            name="linear",
        )
        return clean(linear(jnp.concatenate(parts, axis=-1)), batch.node_mask)

    def _drawn(self, parts: list[Any], batch: Batch) -> list[Any]:
        first, second = parts
        bits = noise.key_bits(self.make_rng("dropout"))
        ids = batch.graph_ids[:, None]
        numbers = jnp.arange(first.shape[1], dtype=jnp.uint32)
        if self.random == "signs":
            flip = noise.keep_mask(bits, 0.5, ids, numbers)[batch.node_graph]
            return [jnp.where(flip, -part, part) for part in parts]
        # The direction of a point with normal coordinates is uniform on the circle.
        x, y = (noise.normal(bits, ids, numbers, axis) for axis in (0, 1))
        length = jnp.hypot(x, y)
        cos, sin = ((one / length).astype(first.dtype)[batch.node_graph] for one in (x, y))
        return [cos * first - sin * second, sin * first + cos * second]
