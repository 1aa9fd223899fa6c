"""What SignNet and SPE share: encoders on which the signs, or the bases, have no effect.

They read the columns that `gtx.nn.encoders.spectrum` lists. Nothing is drawn while training, and
norms see both signs at once, so that what is invariant when predicting is so at every step of
training.
"""

from collections.abc import Callable
from typing import Any, Literal

import flax.linen as nn
import jax
from jaxtyping import Array, Float

from gtx.batch import Batch
from gtx.nn.encoders.spectrum import read_spectrum
from gtx.nn.parts.factories import make
from gtx.nn.parts.linear import Linear
from gtx.typing import Dtype, Initializer, ModuleFactory

Network = Literal["gin", "mlp"]


class InvariantLayers(nn.Module):
    """x <- W2 relu(norm(W1 (x + neighbours(x)))), and a ReLU between layers."""

    dim: int
    hidden_dim: int
    num_layers: int
    norm: ModuleFactory | None
    dtype: Dtype | None
    param_dtype: Dtype
    kernel_init: Initializer
    bias_init: Initializer | None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "rows feat"],
        mask: Any,
        neighbours: Callable[[Any], Any] | None,
        *,
        train: bool,
        axis_name: str | None,
    ) -> Float[Array, "rows dim"]:
        options: dict[str, Any] = dict(dtype=self.dtype, param_dtype=self.param_dtype)
        inits: dict[str, Any] = dict(kernel_init=self.kernel_init, bias_init=self.bias_init)
        x = x.astype(self.dtype or x.dtype)
        for layer in range(self.num_layers):
            last = layer == self.num_layers - 1
            if neighbours is not None:
                x = x + neighbours(x)
            x = Linear(self.hidden_dim, **options, **inits, name=f"hidden_{layer}")(x)
            if self.norm is not None:
                norm = make(self.norm, "norm", **options, name=f"norm_{layer}")
                x = norm(x, mask, train=train, axis_name=axis_name)
            width = self.dim if last else self.hidden_dim
            x = Linear(width, **options, **inits, name=f"output_{layer}")(jax.nn.relu(x))
            x = x if last else jax.nn.relu(x)
        return x


def invariant_layers(
    encoder: Any, dim: int, name: str, num_layers: int | None = None
) -> InvariantLayers:
    return InvariantLayers(
        dim,
        encoder.hidden_dim,
        encoder.num_layers if num_layers is None else num_layers,
        encoder.norm,
        encoder.dtype,
        encoder.param_dtype,
        encoder.kernel_init,
        encoder.bias_init,
        name=name,
    )


def choose_network(field: str, network: Network, neighbours: Callable[[Any], Any]) -> Any:
    if network not in ("gin", "mlp"):
        raise ValueError(f"{field} must be 'gin' or 'mlp', got {network!r}.")
    return neighbours if network == "gin" else None


def spectrum_of(module: Any, batch: Batch) -> Any:
    if module.level != "node":
        raise ValueError(f"{type(module).__name__} encodes nodes.")
    return read_spectrum(batch, module.column, module.param_dtype)
