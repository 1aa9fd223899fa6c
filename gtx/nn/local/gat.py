"""Graph attention: the graph attention network of Velickovic et al. (2018)."""

import flax.linen as nn
import jax.numpy as jnp

from gtx.batch import Batch, Features, mask_features
from gtx.nn.attention import attend
from gtx.nn.local.neighbourhoods import add_bias, head_dim, join_heads, neighbourhoods
from gtx.nn.parts.initializers import xavier_uniform, zeros
from gtx.nn.parts.linear import Linear
from gtx.ops import Additive
from gtx.typing import Dtype, Initializer


class GAT(nn.Module):
    """x_i' = b + sum_j softmax_j(LeakyReLU(u . W x_i + v . W x_j + t . V e_ij)) W x_j.

    Velickovic et al. (2018), equations 1 to 6, without activation and residual; PyG's GATConv, with
    its parameters and initial values. All nodes rank their neighbours in the same order (Brody et
    al., 2022); in GATv2 the order depends on the node. The paper has no edge features; V and t are
    those of PyG's `edge_dim`.

    In the paper each node is in its own neighbourhood. Here the given edges are the neighbourhoods,
    unless `self_loops` adds the node itself, as PyG does by default.

    Attributes:
      dim: width of the result; with `concat` a multiple of `num_heads`.
      num_heads: heads, of width `dim / num_heads` if `concat`, else `dim`.
      concat: concatenate the heads; else average them, as the paper does in its last layer.
      dropout_rate: probability that a weight is dropped.
      negative_slope: of the LeakyReLU.
      self_loops: add an edge from each node to itself, in place of existing self-loops. Its
        features are the mean of those of the node's other incoming edges, as in PyG.
      use_edges: read edge features, if there are any.
      use_bias: whether b exists.
      implementation: of `gtx.ops.attention`.
      kernel_init: of W, V and the vectors [num_heads, head width].
      bias_init: of b.
      edges: names of the edge sets that it runs over; see `Batch.edges_over`.
    """

    dim: int
    num_heads: int = 4
    concat: bool = True
    dropout_rate: float = 0.0
    negative_slope: float = 0.2
    self_loops: bool = False
    use_edges: bool = True
    use_bias: bool = True
    implementation: str = "auto"
    dtype: Dtype | None = None
    param_dtype: Dtype = jnp.float32
    kernel_init: Initializer = xavier_uniform
    bias_init: Initializer = zeros
    edges: tuple[str, ...] = ("graph",)

    @nn.compact
    def __call__(self, features: Features, batch: Batch, *, train: bool) -> Features:
        features = mask_features(features, batch)
        shape = self.num_heads, head_dim(self)
        structure, e = neighbourhoods(self, features, batch)

        def vector(name):
            return self.param(name, self.kernel_init, shape, self.param_dtype)

        x = Linear(
            shape[0] * shape[1],
            use_bias=False,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            kernel_init=self.kernel_init,
            name="nodes",
        )(features.nodes).reshape(-1, *shape)
        x, to, sent = nn.dtypes.promote_dtype(
            x, vector("receiver_vector"), vector("sender_vector"), dtype=self.dtype
        )
        edge_key = None
        if e is not None:
            width = e.shape[-1]
            kernel = self.param(
                "edges", self.kernel_init, (width, shape[0] * shape[1]), self.param_dtype
            )
            e, kernel, along = nn.dtypes.promote_dtype(
                e, kernel, vector("edge_vector"), dtype=self.dtype
            )
            # (e V) . t is computed as e (V . t), which needs no array of edges x heads x width.
            edge_key = (e @ (kernel.reshape(width, *shape) * along).sum(-1))[..., None]
        out = attend(
            self,
            (x * to).sum(-1, keepdims=True),
            (x * sent).sum(-1, keepdims=True),
            x,
            structure,
            train=train,
            score=Additive(self.negative_slope),
            edge_key=edge_key,
        )
        return features.replace(nodes=add_bias(self, join_heads(self, out)))
