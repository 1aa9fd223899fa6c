"""What models of layers have in common: encoders, embedding, readout, head, dtypes.

A published model says what is its own: fields with the defaults of its paper, and its block.

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Mine(LayeredModel):  # and its docstring
        paper: ClassVar[str] = "Someone (2026), ICLR"
        complexity: ClassVar[str] = "n² d"
        num_layers: Layers = 6          # another default than that of LayeredModel
        num_heads: Width = 8            # a field of its own
        norm: Norm = "layer"

        def needs(self):
            return dataclasses.replace(super().needs(), dense=True)

        def build(self, spec, *, encodings=(), structures=()):
            self.check_heads()
            encoders = self.encoders(spec, encodings).for_edges(("graph",))
            attention = partial(MultiHeadAttention, num_heads=self.num_heads)
            block = partial(
                TransformerBlock, self.dim, attention, norm=self.made("norm"), **self.dtypes
            )
            return self.transformer(spec, structures, embed=self.embed(encoders), block=block)
"""

import dataclasses
from collections.abc import Collection
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp

from gtx.limits import Layers, Rate, Width, rules_of
from gtx.models.encoders import ColumnEncoders, column_encoders
from gtx.models.graph_transformer import GraphTransformer
from gtx.models.model import Encoding, Model, Needs, Spec
from gtx.models.parts import Encoders, Float, PartOf, PartsOf, bind, needs_layout, part, unwrapped
from gtx.nn.encoders import Embed, StreamEmbed
from gtx.nn.parts import EdgeReadout, MLPHead, NodeReadout, PairReadout, Pool
from gtx.ops.pooling import Pooling
from gtx.typing import ModuleFactory


@dataclasses.dataclass(frozen=True, kw_only=True)
class LayeredModel(Model):
    """A model that embeds the columns of a batch, runs layers, reads out and predicts.

    Subclasses give a field another default by stating it again, add fields, and have `build`.

    Attributes:
      dim: width of nodes and edges.
      num_layers: blocks.
      dropout_rate: inside the blocks; a model's own docstring says where.
      readout_dropout_rate: of what the head reads.
      pool: how the nodes of a graph become one vector, for labels of graphs; the size of a graph
        matters in "sum".
      head_layers: linear maps of the head; 1 is one linear map.
      head_widths: of its hidden layers: "halving", as GraphGPS's `san_graph` and GT have it, or
        "equal" to that of its input.
      head_normalize: divide the rows of its hidden layers by their length, as GraphGym does.
      ends: what becomes of two nodes where edges or pairs are predicted. "auto" is the product for
        pairs, which often have no direction, and concatenates for edges.
      encoding_dim: width that each encoding takes of `dim` at the nodes, beside their columns; None
        makes each as wide as `dim` and adds it to them.
      node_encoders: by the names of node columns and of encodings, in place of those that follow
        from the data; likewise:
      edge_encoders: by the names of edge columns.
      pair_encoders: by the names of pair columns.
      graph_encoders: by the names of graph columns.
      dtype: of the computation.
      param_dtype: in which parameters are kept.
      remat: as in `GraphTransformer`.
    """

    dim: Width = 64
    num_layers: Layers = 10
    dropout_rate: Rate = 0.0
    readout_dropout_rate: Rate = 0.0
    pool: Pooling = "sum"
    head_layers: Layers = 3
    head_widths: Literal["halving", "equal"] = "halving"
    head_normalize: bool = False
    ends: Literal["auto", "product", "concatenate"] = "auto"
    encoding_dim: Width | None = None
    node_encoders: Encoders = dataclasses.field(default_factory=dict)
    edge_encoders: Encoders = dataclasses.field(default_factory=dict)
    pair_encoders: Encoders = dataclasses.field(default_factory=dict)
    graph_encoders: Encoders = dataclasses.field(default_factory=dict)
    dtype: Float = "float32"
    param_dtype: Float = "float32"
    remat: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("dtype", "param_dtype"):
            if getattr(self, field) == "float64" and not _float64():
                raise ValueError(
                    f"{field}: 'float64' needs jax_enable_x64, which is off. Give 'float32'."
                )

    def check_heads(self) -> None:
        """Raise a ValueError unless `dim` is a multiple of the field `num_heads`."""
        num_heads = getattr(self, "num_heads")  # noqa: B009, a field of some models
        if self.dim % num_heads:
            raise ValueError(
                f"dim: {self.dim} is not a multiple of num_heads {num_heads}. Give a "
                "multiple, as each head takes an equal part."
            )

    def needs(self) -> Needs:
        """A layout where a part that some field names reads all pairs of nodes."""
        found: list[Any] = []
        for field, rule in rules_of(type(self)).items():
            if isinstance(rule, PartOf):
                found.append(part(self, field))
            elif isinstance(rule, PartsOf):
                found.extend(part(self, field).values())
        return Needs(dense=any(map(needs_layout, found)))

    def made(self, field: str, **values: Any) -> Any:
        """What a field stands for: a factory with these of its fields bound, a function, or None.

        What a recipe says of a part goes before `values`, and fields that the part does not have
        are left out.
        """
        found = part(self, field)
        return found if found is None or not values else bind(found, **values)

    def feed_forward_fields(self) -> dict[str, Any]:
        """The field `activation` for a feed-forward layer: "swiglu" is SiLU with a gate."""
        name = getattr(self, "activation")  # noqa: B009, a field of some models
        return dict(activation=self.made("activation"), gated=name == "swiglu")

    @property
    def dtypes(self) -> dict[str, Any]:
        """`dtype` and `param_dtype`, as every module of `gtx.nn` takes them."""
        return dict(dtype=jnp.dtype(self.dtype), param_dtype=jnp.dtype(self.param_dtype))

    def encoders(self, spec: Spec, encodings: Collection[Encoding]) -> ColumnEncoders:
        """Factories of the encoders of every column of the data.

        Its methods `for_layer` and `for_edges` keep those of the edges that a model reads, and give
        edges without columns a learned vector. `replace(pairs={})` leaves all pairs out.
        """
        found = column_encoders(
            spec,
            encodings,
            encoding_dim=self.dim if self.encoding_dim is None else self.encoding_dim,
            nodes=self.node_encoders,
            edges=self.edge_encoders,
            pairs=self.pair_encoders,
            graphs=self.graph_encoders,
        )
        if self.encoding_dim is None:
            found = found.replace(nodes={**found.nodes, **found.encodings}, encodings={})
        return found

    def embed(self, encoders: ColumnEncoders, *, pair_dim: int | None = None) -> ModuleFactory:
        """The factory of the embedding.

        Args:
          encoders: of the columns that the model reads.
          pair_dim: width of the features of pairs; None for a model that reads no pairs.

        Raises:
          ValueError: the data have pair columns, and the model reads no pairs.
        """
        if encoders.pairs and pair_dim is None:
            raise ValueError(
                f"{type(self).__name__} reads no pairs, but there are the pair columns "
                f"{sorted(encoders.pairs)}. Leave out the encodings that make them."
            )
        return partial(
            Embed,
            self.dim,
            encoders.nodes,
            encodings=encoders.encodings,
            edges=encoders.edges,
            edge_sets=encoders.edge_sets,
            pairs=encoders.pairs,
            graphs=encoders.graphs,
            pair_dim=pair_dim if encoders.pairs else None,
            **self.dtypes,
        )

    def embed_for(
        self, local: Any, encoders: ColumnEncoders, *, pair_dim: int | None = None
    ) -> ModuleFactory:
        """As `embed`, with the stream of positions that a message-passing layer reads, if it does.

        The field `positions` of the layer is the name of a column or an encoding of the nodes. It
        is then embedded in a stream of its own, with the width `dim`, and not in the nodes.

        Args:
          local: factory of the layer; None for none.
          encoders: as in `embed`; likewise:
          pair_dim: width of the features of pairs.
        """
        name = None if local is None else unwrapped(local)[1].get("positions")
        if name is None:
            return self.embed(encoders, pair_dim=pair_dim)
        encoder, rest = encoders.without(name, "local.positions")
        stream = partial(Embed, self.dim, {name: encoder}, **self.dtypes)
        return partial(StreamEmbed, self.embed(rest, pair_dim=pair_dim), {name: stream})

    def readout(self, spec: Spec, structures: Collection[str] = ()) -> ModuleFactory:
        """The factory of the readout for the level of the label. Virtual nodes are not pooled."""
        ends: dict[str, Any] = {} if self.ends == "auto" else dict(ends=self.ends)
        readouts: dict[str, Any] = {
            "graph": partial(Pool, self.pool, virtual_nodes="virtual_nodes" not in structures),
            "node": NodeReadout,
            "edge": partial(EdgeReadout, **ends),
            "pair": partial(PairReadout, **ends),
        }
        return partial(readouts[label_of(spec).level], dropout_rate=self.readout_dropout_rate)

    def head(self, spec: Spec) -> ModuleFactory:
        """The factory of the head: `head_layers` linear maps, with a ReLU between them.

        By default it is the `san_graph` head of GraphGPS and the `MLPReadout` of GT.
        """
        return partial(
            MLPHead,
            label_of(spec).dim,
            self.head_layers,
            widths=self.head_widths,
            normalize=self.head_normalize,
            **self.dtypes,
        )

    def transformer(
        self,
        spec: Spec,
        structures: Collection[str] = (),
        *,
        embed: ModuleFactory,
        block: ModuleFactory | tuple[ModuleFactory, ...],
        norm: ModuleFactory | None = None,
    ) -> GraphTransformer:
        """The model of these parts, with its readout and head.

        Args:
          spec: of the data.
          structures: names of what was added to the graphs.
          embed: factory of the embedding.
          block: factory of every block, or one factory for each, which may be more than
            `num_layers`: some models end with blocks of another kind.
          norm: factory of a norm after the last block, without its dtypes.

        Raises:
          ValueError: the data have no label.
        """
        return GraphTransformer(
            embed=embed,
            block=block,
            num_layers=len(block) if isinstance(block, tuple) else self.num_layers,
            readout=self.readout(spec, structures),
            head=self.head(spec),
            remat=self.remat,
            norm=None if norm is None else bind(norm, **self.dtypes),
        )


def label_of(spec: Spec) -> Any:
    """The label of the data.

    Raises:
      ValueError: they have none.
    """
    if spec.label is None:
        raise ValueError("the data have no label, and the head needs to know its width.")
    return spec.label


def _float64() -> bool:
    """Whether jax computes in float64 here, by its config or by `jax.enable_x64`."""
    return bool(getattr(jax.config, "jax_enable_x64"))  # noqa: B009, unknown to type checkers
