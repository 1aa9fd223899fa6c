"""What layers over triangles of pairs share: their input and the settings of `gtx.ops.triangle`."""

from typing import Any

import flax.linen as nn

from gtx.batch import Batch, Features, mask_features, require_layout
from gtx.nn.parts.linear import Linear
from gtx.ops.noise import check_rate
from gtx.typing import Initializer


def read_pairs(features: Features, batch: Batch) -> Any:
    """The features of pairs, [pairs, feat], 0 in padding.

    Raises:
      ValueError: there are none.
    """
    return mask_features(features, batch, needs=("pairs",)).pairs


def settings(module: nn.Module, batch: Batch, train: bool) -> dict[str, Any]:
    """Layout, dropout and implementation, as every function of `gtx.ops.triangle` takes them."""
    check_rate(module.dropout_rate)
    dropping = train and module.dropout_rate > 0
    return dict(
        layout=require_layout(batch),
        dropout_rate=module.dropout_rate if dropping else 0.0,
        dropout_key=module.make_rng("dropout") if dropping else None,
        node_ids=batch.node_ids,
        implementation=module.implementation,
    )


def project(
    module: nn.Module,
    values: Any,
    width: int,
    name: str,
    use_bias: bool = True,
    kernel_init: Initializer | None = None,
) -> Any:
    """A linear map with the dtypes of a module, and its initial values if no others are given."""
    return Linear(
        width,
        use_bias,
        module.dtype,
        module.param_dtype,
        kernel_init or module.kernel_init,
        module.bias_init,
        name=name,
    )(values)
