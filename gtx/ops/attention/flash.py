"""Attention over complete graphs by cuDNN's fused kernel, within its limits.

It calls `jax.nn.dot_product_attention(implementation="cudnn")` on NVIDIA GPUs from Ampere on. The
kernel gets the number of nodes of each graph and no mask, so that without a bias no array of size
receivers x senders is made. It has not been measured on a device yet, so it runs only by name.
"""

import jax
import jax.numpy as jnp
from jax import Array

from gtx.ops.attention import block
from gtx.ops.attention.contract import BiasFunction, Call, Complete
from gtx.ops.attention.dense import join_tiers
from gtx.ops.attention.scores import Dot

# With a bias, cuDNN's backward pass gives NaN for some lengths that are not a multiple of this
# number (pytorch#196678).
BIASED_SIZE = 128


def supports(call: Call) -> str | None:
    """None, or the reason why this implementation does not apply."""
    structure = call.structure
    if not isinstance(structure, Complete):
        return "it needs the dense tiers of a Complete structure, and the structure is Edges"
    dtypes = {call.query.dtype, call.key.dtype, call.value.dtype}
    if dtypes not in ({jnp.dtype("bfloat16")}, {jnp.dtype("float16")}):
        return (
            "cuDNN takes query, key and value in bfloat16 or float16, and they are "
            f"{', '.join(sorted(map(str, dtypes)))}"
        )
    head_dim, value_dim = call.query.shape[-1], call.value.shape[-1]
    if head_dim != value_dim or head_dim % 8 or head_dim > 128:
        return (
            "head_dim and value_dim must be one multiple of 8 up to 128, and are "
            f"{head_dim} and {value_dim}"
        )
    if type(call.score) is not Dot:
        return f"it knows the score Dot only, not {type(call.score).__name__}"
    if structure.where is not None:
        return "it has no mask of pairs (where)"
    for name in ("gate", "edge_key", "edge_value"):
        if getattr(call, name) is not None:
            return f"it has no {name}"
    if isinstance(call.bias, BiasFunction):
        return "it has no BiasFunction"
    sizes = {tier.size for tier in (*structure.layout.tiers, *structure.senders.tiers)}
    if call.bias is not None and any(size % BIASED_SIZE for size in sizes):
        return (
            f"with a bias all sizes of tiers must be multiples of {BIASED_SIZE}, and they are "
            f"{sorted(sizes)}; set multiple_of of the budget"
        )
    if call.dropout_bits is not None:
        return "it cannot draw the dropout noise that is equal in all implementations"
    if call.needs_lse:
        return "it has no differentiable log-sum-exp"
    if jax.default_backend() != "gpu":
        return f"it needs an NVIDIA GPU, and the platform is {jax.default_backend()}"
    device = jax.devices()[0]
    if "rocm" in device.client.platform_version.lower():
        return f"it needs an NVIDIA GPU, and the device is {device.device_kind}"
    if float(device.compute_capability) < 8:
        return f"cuDNN's kernel needs compute capability 8.0, {device.device_kind} has less"
    return None


def attend(call: Call, implementation: str = "cudnn") -> tuple[Array, None, None]:
    """Result [receivers, heads, value_dim], no log-sum-exp, and no message."""
    tiers = block.split_tiers(call, call.query.dtype)
    outs = [_attend_tier(call.scale, implementation, *parts) for parts in tiers]
    lses = [jnp.zeros(out.shape[:3], jnp.float32) for out in outs]
    out, *_ = join_tiers(call, [(*parts, None) for parts in zip(outs, lses, strict=True)])
    return out, None, None


def _attend_tier(scale, implementation, rows, columns, pairs):
    if 0 in (*rows.filled.shape, columns.filled.shape[1]):
        return block.empty(rows, columns)[0]
    query, key, value = (
        jnp.swapaxes(values, 1, 2) for values in (rows.query, columns.key, columns.value)
    )
    bias = pairs.bias
    if bias is not None:
        # The bias gets the dtype of the query: cuDNN's gradient of a float32 bias is NaN
        # (jax#32242).
        mask = rows.filled[:, None, :, None] & columns.filled[:, None, None, :]
        bias = jnp.where(mask, jnp.moveaxis(bias, 3, 1).astype(query.dtype), 0)
    lengths = jnp.sum(columns.filled, axis=1, dtype=jnp.int32)
    out = jax.nn.dot_product_attention(
        query,
        key,
        value,
        bias,
        scale=scale,
        # A softmax over no senders would be NaN. The results of such graphs are replaced by 0.
        query_seq_lengths=jnp.maximum(jnp.sum(rows.filled, axis=1, dtype=jnp.int32), 1),
        key_value_seq_lengths=jnp.maximum(lengths, 1),
        implementation=implementation,
    )
    out = jnp.where((lengths > 0)[:, None, None, None], out, 0)
    return jnp.swapaxes(out, 1, 2)
