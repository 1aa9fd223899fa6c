"""Rows of whole models, in the order of their names."""

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from gtx import nn
from gtx.data import Categorical, Continuous, GraphSpec, Label
from gtx.encodings import RRWP, LaplacianEigenvectors, RandomWalk, ShortestPaths
from gtx.models import (
    CKGCN,
    ESA,
    GDT,
    GPS,
    GT,
    LSPE,
    MPNN,
    PPGT,
    SAN,
    SAT,
    BigBird,
    DeepSets,
    DIFFormer,
    Exphormer,
    GPSPlusPlus,
    Graphormer,
    GraphTransformer,
    LanguageModel,
    Model,
    NAGphormer,
    NeuralWalker,
    NodeFormer,
    Performer,
    Polynormer,
    SetTransformer,
    SGFormer,
    Specformer,
    TokenGT,
    ViT,
)
from gtx.models.parts import fields_of
from tests.batches import DIM, NUM_ATOMS, NUM_BONDS, STEPS, WINDOW
from tests.descriptors.blocks import BLOCK
from tests.descriptors.descriptor import Descriptor
from tests.descriptors.encoders import EMBED
from tests.descriptors.values import BF16

partial = functools.partial


def published(
    name: str,
    make: Callable[..., Model],
    *,
    encodings: Collection[Any] = (),
    pairs: Mapping[str, Any] | None = None,
    nodes: Mapping[str, Any] | None = None,
    graphs: Mapping[str, Any] | None = None,
    edge_sets: Mapping[str, Any] | None = None,
    level: str = "node",
    neutral: tuple[str, ...] = (),
    unread: tuple[str, ...] = (),
) -> Descriptor:
    """The row of a published model on the columns "atom" and "bond", for three classes.

    Args:
      name: unique.
      make: the model with small fields; it may take a few more.
      encodings: that it is built with; the columns of all of them are in `tests.batches`.
      nodes: columns of nodes that it reads besides, likewise; and so
      pairs: of pairs, and
      graphs: of graphs.
      edge_sets: the columns of the edge sets of structures that it reads.
      level: of the label.
      neutral: fields that must not change the result.
      unread: of the parameters, as in `Descriptor`.
    """

    def factory(**fields: Any) -> GraphTransformer:
        spec = GraphSpec(
            nodes={"atom": Categorical(NUM_ATOMS), **(nodes or {})},
            edges={"bond": Categorical(NUM_BONDS)},
            pairs=pairs or {},
            graphs=graphs or {},
            edge_sets=edge_sets or {},
            label=Label(level, "multiclass", 3),
        )
        return make(**in_widest(fields)).build(spec, encodings=encodings)

    has = fields_of(make)
    return Descriptor(
        name,
        factory,
        "model",
        level=f"{level}s",
        options=dict(dtype=BF16) if "dtype" in has else {},
        neutral=(*neutral, *(["remat"] if "remat" in has else [])),
        unread=unread,
    )


def in_widest(fields: dict[str, Any]) -> dict[str, Any]:
    """With float64 where jax has it on: a model computes in the dtype that its fields name."""
    wide = "float64" if jax.config.jax_enable_x64 else "float32"
    fields = {"dtype": wide, "param_dtype": wide, **fields}
    return {**fields, "dtype": jnp.dtype(fields["dtype"]).name}  # configs give it by name


# The tokens of edges in the test batches: all nodes but the first two, as their "kind" says.
TOKENS = {"edge_tokens": dict(kind=Categorical((2,)), bond=Categorical(NUM_BONDS))}

MODELS = (
    published(
        "gps_of_nodes",
        partial(
            GPS,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            local=nn.ResGatedGraphConv,
            encoding_dim=3,
            dropout_rate=0.2,
        ),
        encodings=[LaplacianEigenvectors(name="lap")],
        graphs={"x": Continuous(DIM)},
    ),
    published(
        "deep_sets",
        partial(DeepSets, dim=DIM, num_layers=2, head_layers=1, dropout_rate=0.2),
        level="graph",
    ),
    published(
        "language_model",
        partial(
            LanguageModel,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            hidden_dim=5,
            attention_dropout_rate=0.3,
        ),
        edge_sets={"causal": {}},
    ),
    published(
        "tokengt_of_nodes",
        partial(TokenGT, dim=DIM, num_layers=1, num_heads=2, hidden_dim=5, drop_path_rate=0.0),
        encodings=[RandomWalk(6)],
        nodes={"kind": Categorical((3,))},
        edge_sets=TOKENS,
    ),
    published(
        "esa",
        partial(
            ESA,
            dim=DIM,
            num_layers=2,
            layers=("M", "S"),
            num_heads=2,
            hidden_dim=6,
            edge_hidden_dim=5,
            graph_dim=4,
            num_seeds=2,
        ),
        edge_sets=TOKENS,
        level="graph",
    ),
    published(
        "set_transformer",
        partial(SetTransformer, dim=DIM, num_layers=1, num_heads=2, num_points=3),
        level="graph",
    ),
    published(
        "vit",
        partial(ViT, dim=DIM, num_layers=1, num_heads=2, hidden_dim=5),
        nodes={"kind": Categorical((2,))},
        level="graph",
    ),
    published(
        "gdt",
        partial(GDT, dim=DIM, num_layers=2, num_heads=2, head_layers=2, dropout_rate=0.2),
        nodes={"kind": Categorical((2,))},
        pairs={"x": Continuous(DIM)},
        level="graph",
    ),
    published(
        "gdt_with_edge_tokens",
        partial(GDT, dim=DIM, num_layers=1, num_heads=2, head_layers=2, tokens="edges"),
        nodes={"kind": Categorical((3,))},
        pairs={"x": Continuous(DIM)},
        edge_sets=TOKENS,
        level="graph",
    ),
    published(
        "graphormer",
        partial(
            Graphormer,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            max_hops=2,
            table_hops=2,
            input_norm=True,
            final_norm=True,
            attention_dropout_rate=0.3,
        ),
        encodings=[ShortestPaths(name="paths")],
        nodes={"kind": Categorical((2,))},
        pairs={"paths": Categorical((7,), fill=0)},
        level="graph",
    ),
    published(
        "ppgt",
        partial(
            PPGT, dim=DIM, num_layers=1, num_heads=2, num_waves=1, stem_dim=5, drop_path_rate=0.3
        ),
        pairs={"x": Continuous(DIM)},
    ),
    published(
        "gt_of_graphs",
        partial(
            GT,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            node_encoders={"lap": "laplacian_linear"},
            head_layers=2,
            dropout_rate=0.2,
        ),
        encodings=[LaplacianEigenvectors(name="lap")],
        level="graph",
        unread=("block_0/edges_",),
    ),
    published(
        "lspe_of_nodes",
        partial(LSPE, dim=DIM, num_layers=1, position_dim=3, head_layers=1, dropout_rate=0.2),
        encodings=[RandomWalk()],
        unread=("block_0/norm_edges",),
    ),
    published(
        "sat_of_graphs",
        partial(
            SAT,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            num_hops=1,
            local=dict(name="gine", train_epsilon=True),
            edge_dim=DIM,
            head_layers=1,
        ),
        level="graph",
    ),
    published(
        "exphormer_of_nodes",
        partial(
            Exphormer,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            local=dict(name="gated_gcn", positions="lap"),
            edges=("graph",),
            encoding_dim=3,
            head_layers=1,
            num_virtual_nodes=2,
        ),
        encodings=[RandomWalk(6, name="rwse"), LaplacianEigenvectors(name="lap")],
        unread=("block_0/local/norm_edges", "embed/edges_to_virtual"),
    ),
    published(
        "mpnn_of_nodes",
        partial(
            MPNN,
            dim=DIM,
            num_layers=2,
            local="gcne",
            norm="layer",
            feed_forward="none",
            jumping_knowledge="concatenate",
            pairs_at_edges=True,
            encoding_dim=3,
            head_layers=1,
        ),
        encodings=[RandomWalk(6, name="rwse"), RRWP(6, diagonal=False)],
        pairs={"rrwp": Continuous(6)},
    ),
    published(
        "san_of_graphs",
        partial(
            SAN,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            gamma=0.1,
            encoding_dim=4,
            node_encoders={"lap": dict(name="laplacian_transformer", num_layers=1)},
            head_layers=2,
        ),
        encodings=[LaplacianEigenvectors(name="lap")],
        level="graph",
    ),
    published(
        "difformer_of_nodes",
        partial(DIFFormer, dim=DIM, num_layers=1, graph_weight=0.3),
    ),
    published(
        "neural_walker_of_nodes",
        partial(
            NeuralWalker,
            dim=DIM,
            num_layers=2,
            sequence=dict(name="convolution", kernel_size=3),
            dropout_rate=0.2,
            head_layers=1,
        ),
        edge_sets={
            "walks": dict(
                position=Categorical((STEPS,)),
                edge=Categorical((100,)),
                adjacency=Categorical((2 ** (WINDOW - 1),)),
            )
        },
    ),
    published(
        "nodeformer_of_nodes",
        partial(NodeFormer, dim=DIM, num_layers=1, num_heads=2, relations=(("graph",),)),
    ),
    published(
        "polynormer_of_nodes",
        partial(
            Polynormer,
            dim=DIM,
            num_layers=1,
            num_global_layers=1,
            num_heads=2,
            pre_norm="layer",
            post_norm="batch",
            share_query_key=False,
        ),
    ),
    published(
        "sgformer_of_nodes",
        partial(SGFormer, dim=DIM, num_layers=1, num_heads=2, use_bias=False, dropout_rate=0.2),
    ),
    published(
        "ckgcn_of_graphs",
        partial(CKGCN, dim=DIM, num_layers=1, kernel_blocks=1, head_layers=1, positions="x"),
        encodings=[RandomWalk(6)],
        nodes={"x": Continuous(DIM)},
        level="graph",
    ),
    published(
        "gpspp_of_graphs",
        partial(
            GPSPlusPlus,
            dim=DIM,
            num_layers=2,
            edge_dim=4,
            graph_dim=3,
            embed_dim=6,
            num_heads=2,
            expansion=1,
            hidden_dim=5,
            head_layers=1,
        ),
        level="graph",
    ),
    published(
        "specformer_of_graphs",
        partial(Specformer, dim=DIM, num_layers=1, num_heads=2, spectrum="lap", dropout_rate=0.2),
        encodings=[LaplacianEigenvectors(name="lap")],
        level="graph",
    ),
    published(
        "specformer_by_layer",
        partial(
            Specformer,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            spectrum="lap",
            bases_dropout_rate=0.2,
            bases_norm="batch",
            bases_softmax=True,
            bases_by_layer=True,
        ),
        encodings=[LaplacianEigenvectors(name="lap")],
        level="graph",
    ),
    Descriptor(
        "nagphormer_of_nodes",
        lambda **fields: NAGphormer(
            dim=DIM, num_layers=1, num_hops=2, num_heads=2, head_layers=1, **in_widest(fields)
        ).build(
            GraphSpec(nodes={"x": Continuous(DIM)}, label=Label("node", "multiclass", 3)),
        ),
        "model",
    ),
    published(
        "performer_of_graphs",
        partial(Performer, dim=DIM, num_layers=1, num_heads=2, head_layers=1),
        level="graph",
    ),
    published(
        "big_bird_of_graphs",
        partial(
            BigBird,
            dim=DIM,
            num_layers=1,
            num_heads=2,
            edges=("graph",),
            local=dict(name="gine", positions="lap"),
            use_bias=False,
            dropout_rate=0.0,
            attention_dropout_rate=0.0,
            head_layers=1,
        ),
        encodings=[LaplacianEigenvectors(name="lap")],
        level="graph",
    ),
    Descriptor(
        "graph_transformer",
        partial(
            GraphTransformer,
            block=BLOCK,
            num_layers=2,
            embed=EMBED,
            readout=nn.Pool,
            head=partial(nn.MLPHead, 2),
        ),
        "model",
        level="graphs",
        options=dict(norm=nn.LayerNorm),
        neutral=("remat",),
    ),
)
