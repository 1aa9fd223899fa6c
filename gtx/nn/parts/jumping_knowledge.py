"""Jumping knowledge: a readout of the results of all layers (Xu et al., 2018)."""

from typing import Literal

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from gtx.batch import Batch, Features
from gtx.nn.parts.factories import make
from gtx.typing import ModuleFactory

PREFIX = "layer_"


class RememberedBlock(nn.Module):
    """A block that keeps the nodes of its result for `JumpingKnowledge`.

    They are `features.extra["layer_0"]`, "layer_1" and so on, in the order of the blocks.

    Attributes:
      block: factory of the block.
    """

    block: ModuleFactory

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        out = make(self.block, "block", name="block")(features, batch, train=train)
        return out.replace(extra={**out.extra, f"{PREFIX}{len(_kept(out))}": out.nodes})


class JumpingKnowledge(nn.Module):
    """A readout of the nodes of all remembered layers, in place of those of the last one.

    Xu et al. (2018), "Representation learning on graphs with jumping knowledge networks", with
    "max" and "concatenate", and "sum" as in the tuned GNNs of Luo et al. (2024). The paper's third
    way, attention by an LSTM over the layers, is not here.

    Attributes:
      readout: factory of the readout of the joined nodes.
      method: "sum", "max" or "concatenate", of each node over the layers.
    """

    readout: ModuleFactory
    method: Literal["sum", "max", "concatenate"] = "sum"

    @nn.compact
    def __call__(
        self, features: Features, batch: Batch, *, train: bool
    ) -> Float[Array, "rows feat"]:
        layers = [features.extra[name] for name in _kept(features)]
        if not layers:
            raise ValueError(
                "JumpingKnowledge reads the nodes that RememberedBlock kept, and there are none. "
                "Wrap the blocks of the model in it."
            )
        if self.method not in ("sum", "max", "concatenate"):
            raise ValueError(f"method must be sum, max or concatenate, got {self.method!r}.")
        if self.method == "concatenate":
            nodes = jnp.concatenate(layers, axis=-1)
        else:
            stacked = jnp.stack(layers)
            nodes = stacked.sum(0) if self.method == "sum" else stacked.max(0)
        readout = make(self.readout, "readout", name="readout")
        return readout(features.replace(nodes=nodes), batch, train=train)


def _kept(features: Features) -> list[str]:
    """The names of the kept layers, in order."""
    count = sum(name.startswith(PREFIX) for name in features.extra)
    return [f"{PREFIX}{number}" for number in range(count)]
