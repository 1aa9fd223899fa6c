"""The paper's statements, from the abstract to the last section, and what gtx decides."""

import dataclasses

from experiments.paper.source import Line


@dataclasses.dataclass(frozen=True)
class Statement:
    """A sentence of the paper in our words, and the rows of the table that stand for it."""

    place: str
    says: str
    rows: tuple[int, ...]
    note: str = ""


ABSTRACT = (
    Statement(
        "sentence 1",
        "Transformers, made for language, and graph neural networks, made for graphs, are related.",
        (1, 2, 5, 13),
    ),
    Statement(
        "sentence 2",
        "A Transformer is message passing on the fully connected graph of tokens; attention says "
        "how much each token matters to each other; positional encodings hint at order or "
        "structure.",
        (1, 2, 3, 6, 8, 9, 21),
    ),
    Statement(
        "sentence 3",
        "So Transformers are expressive functions of sets that learn relations without a graph "
        "given beforehand.",
        (7, 11, 12, 14, 18, 19),
    ),
    Statement(
        "sentence 4",
        "They are implemented as dense products of matrices, which hardware runs far more "
        "efficiently than sparse message passing.",
        (17,),
    ),
    Statement(
        "sentence 5",
        "Hence Transformers are the graph neural networks that win the hardware lottery for now.",
        (17,),
        "A perspective: E17 tests what it rests on, for one machine.",
    ),
)

SECTIONS = (
    Statement(
        "1.1",
        "A representation compresses data; a recurrent network squeezes context through one "
        "vector of fixed length.",
        (),
        "Not tested: gtx has no recurrent networks. E11 shows the squeeze on graphs.",
    ),
    Statement("1.1, 1.2", "Attention updates all tokens in parallel.", (21,)),
    Statement("1.3", "Several heads capture several relations.", (14,)),
    Statement("1.3", "Several heads hedge the bets on a bad one.", (), "Not tested."),
    Statement("1.3", "Heads are one batched product.", (14,)),
    Statement("1.3", "Residual connections, LayerNorm and the MLP make depth possible.", (4, 16)),
    Statement("1.3", "The MLP has significantly more parameters than attention.", (15,)),
    Statement("figure 3", "Modern blocks use SwiGLU and pre-LN.", (4, 16)),
    Statement("2", "The order of the nodes of a graph is arbitrary.", (7, 8)),
    Statement("2.1", "An aggregator that ignores order preserves that symmetry.", (7,)),
    Statement("2.1", "Message, aggregate and update cover GCN, GIN and MPNN.", (13,)),
    Statement("figure 4", "L layers reach L hops.", (10,)),
    Statement(
        "2.2",
        "GATs learn which neighbours are more important for each node.",
        (6,),
        "What its score can express is tested, not what is learned.",
    ),
    Statement("2.2", "Equations 14 to 16 are almost those of attention.", (5, 20)),
    Statement("3", "Multi-head attention is message passing on the complete graph.", (1, 2, 3)),
    Statement(
        "3",
        "Transformers are highly expressive set processors, of local and global context, without "
        "the pathologies of a sparse graph.",
        (11, 12),
    ),
    Statement(
        "3",
        "Long-range interactions matter, as in proteins.",
        (),
        "Not tested here: a matter of data. E11 tests the mechanism.",
    ),
    Statement("3", "Conversely a GAT is a Transformer with masked attention.", (5, 6)),
    Statement(
        "3",
        "A positional encoding is a hint; on graphs it gives Graph Transformers, which mix local "
        "message passing and global attention.",
        (8, 9, 20),
    ),
    Statement(
        "3",
        "Graph Transformers overcome the limits of message passing and keep its inductive bias.",
        (18, 19),
    ),
    Statement("4", "Dense attention uses hardware well.", (17,)),
    Statement(
        "4",
        "Sparse message passing is gathers and scatters, slower but on very sparse or billion-"
        "scale graphs.",
        (17,),
        "Billion-scale graphs are not tested.",
    ),
    Statement("4", "At scale, Transformers learn locality.", (18,), "Not tested at scale."),
    Statement("4", "Hence they win the hardware lottery for now.", (17,), "A perspective."),
)


@dataclasses.dataclass(frozen=True)
class Decision:
    """Where the paper is loose, and what gtx does.

    Attributes:
      letter: by which the table refers to it.
      title: what is loose.
      argument: what gtx decides and why.
      lines: of gtx where it is decided.
      rows: of the table that test it.
    """

    letter: str
    title: str
    argument: str
    lines: tuple[Line, ...]
    rows: tuple[int, ...] = ()


DECISIONS = (
    Decision(
        "a",
        "No 1/√d",
        "Equations 3 to 20 leave out the scale of Vaswani et al. (2017), and the text says that "
        "it simplifies. Without it scores grow with the width and the softmax saturates, so gtx "
        "divides by √(d/K) by default. `scale=1` is the paper to the letter, and is what E1 to E3 "
        "compare.",
        (Line("gtx/ops/attention/scores.py", "Dot.default_scale", "1 / math.sqrt(head_dim)"),),
        (1, 2, 3),
    ),
    Decision(
        "b",
        "The block",
        "Equations 9 and 19 have one residual, around the attention, none around the MLP, and one "
        "LayerNorm: no block that is trained anywhere, and figure 3's caption says that modern "
        "ones are pre-LN with SwiGLU. gtx has the paper's form, post-LN and pre-LN, each tested "
        "against its formula. E16 shows what it costs in depth.",
        (
            Line(
                "gtx/nn/blocks/transformer.py",
                "TransformerBlock",
                'form: Literal["paper", "post_ln", "pre_ln"] = "pre_ln"',
            ),
        ),
        (4, 16),
    ),
    Decision(
        "c",
        "What is called GAT",
        "Equations 14 to 16 are dot-product attention along edges. The GAT of Veličković et al. "
        "(2018) scores additively, and then all nodes rank their neighbours alike (Brody et al., "
        "2022); no choice of weights makes it a Transformer. The equivalence covers dot products, "
        "which PyG calls TransformerConv. gtx has all three scores, and E6 tells them apart.",
        (
            Line(
                "gtx/ops/attention/scores.py",
                "Additive.__call__",
                "jnp.sum(query, axis=-1) + jnp.sum(key, axis=-1)",
            ),
            Line(
                "gtx/ops/attention/scores.py",
                "Dynamic.__call__",
                "jax.nn.leaky_relu(query + key, self.slope)",
            ),
        ),
        (5, 6),
    ),
    Decision(
        "d",
        "A message that knows the other messages",
        "ψ of equation 15 is no function of h_i and h_j: its denominator needs all neighbours of "
        "i. A strict form exists, in which the message is (exp(s), exp(s) v), the aggregate a sum, "
        "and φ divides. It is the same function, by E3, but it overflows for large scores, so gtx "
        "reduces over the edges of a node twice, first for the largest score.",
        (Line("gtx/ops/segment.py", "segment_exp", "jnp.exp(scores - gather(peak, segment_ids"),),
        (3,),
    ),
    Decision(
        "e",
        "Self-loops",
        "The set S of a token holds the token itself; the neighbours N_i of a node usually do not "
        "hold the node. The equivalence needs the complete graph with an edge from each node to "
        "itself. `Complete` has these; lists of edges are taken as they are, and `self_loops` of "
        "the GAT layers and of `gtx.data.topology` add them.",
        (
            Line(
                "gtx/data/topology.py",
                "self_loops",
                '_join(dataset, "self_loop", graph, node, node)',
            ),
            Line(
                "gtx/nn/local/neighbourhoods.py",
                "neighbourhoods",
                "jnp.concatenate([batch.senders, nodes])",
            ),
            Line(
                "experiments/paper/equality.py",
                "routes_over_complete_graph",
                "edge_structure(graphs.complete(n, loops=True), rng)",
            ),
        ),
        (1,),
    ),
    Decision(
        "f",
        "Duplicate edges",
        "Two edges from j to i double the weight of j in a sum over edges, but a mask knows only "
        "one. The contract of `gtx.ops.attention` is that a duplicate counts twice, in every "
        "implementation that takes edges; `Complete` has a mask and cannot hold one.",
        (
            Line(
                "gtx/ops/attention/edges.py",
                "attend",
                "segment_sum(gated[..., None] * value, receivers, num_receivers",
            ),
            Line(
                "tests/ops/attention/test_attention.py",
                "test_a_duplicate_edge_counts_twice",
                "Edges(senders=jnp.asarray([0, 1, 1]), receivers=jnp.asarray([0, 0, 0]))",
            ),
            Line(
                "tests/nn/attention/test_multi_head.py",
                "test_over_edges_a_duplicate_counts_twice_and_no_edge_gives_the_output_bias",
                "np.add.at(counts, (RECEIVERS, SENDERS), 1)",
            ),
        ),
    ),
    Decision(
        "g",
        "How many parameters are in the MLP",
        "Without biases and at width 4d the MLP has 8d² parameters, the attention 4d²: exactly "
        "twice as many, and so has SwiGLU at width 8d/3. It is a factor of two, and at the width "
        "2d that GPS uses it is none.",
        (Line("gtx/nn/parts/feed_forward.py", "FeedForward.__call__", "2 * self.dim"),),
        (15,),
    ),
    Decision(
        "h",
        "Orders of magnitude",
        "The paper says by how much sparse message passing is slower without a number. gtx "
        "measures: E17 prints the density at which the two cross, for each size, with the name of "
        "the machine. Orders, in the plural, are a factor of 100 and more, which is not seen; gtx "
        "does not repeat the phrase where its own figures do not show it.",
        (
            Line(
                "experiments/paper/hardware.py",
                "sparse_over_dense",
                'best("edges", "blocked edges") / best("masked dense", "blocked masked dense")',
            ),
        ),
        (17,),
    ),
    Decision(
        "i",
        "Positions and expressivity",
        "Positional encodings get no formula, over-squashing is a citation, the limits of message "
        "passing are asserted. gtx takes encodings from their own papers and has each declare its "
        "symmetry, which is tested. Expressivity and over-squashing are measured, in E9, E11 and "
        "E19, and the conditions that appear there are not in the paper.",
        (
            Line(
                "gtx/encodings/base.py",
                "check_symmetry",
                'if symmetry == "none": return',
            ),
        ),
        (8, 9, 11, 19),
    ),
)
