"""Where the paper is loose, and what gtx decides there."""

import dataclasses

from experiments.paper.quotes import Line


@dataclasses.dataclass(frozen=True)
class Decision:
    """A place where the paper is loose, and what gtx does there.

    Attributes:
      letter: the letter by which the table refers to it.
      title: what is loose.
      argument: what gtx decides, and why.
      lines: the lines of gtx where it is decided.
      rows: the numbers of the claims that test it.
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
        "the GAT layers and of `gtx.structures` add them.",
        (
            Line(
                "gtx/structures/self_loops.py",
                "SelfLoops.__call__",
                "graph[~has_loop], node[~has_loop], node[~has_loop]",
            ),
            Line(
                "gtx/nn/local/neighbourhoods.py",
                "neighbourhoods",
                "jnp.concatenate([over.senders, nodes])",
            ),
            Line(
                "experiments/paper/programs.py",
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
                "experiments/paper/claims/e17_hardware_lottery.py",
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
                "gtx/encodings/engine/symmetry.py",
                "check_symmetry",
                'if symmetry == "none": return',
            ),
        ),
        (8, 9, 11, 19),
    ),
)
