"""The 20 equations of the paper, and the lines of gtx that are these equations."""

import dataclasses

from experiments.paper.quotes import Line

API = "gtx/ops/attention/api.py"
BLOCK = "gtx/ops/attention/block.py"
DENSE = "gtx/ops/attention/dense.py"
EDGES = "gtx/ops/attention/edges.py"
SCORES = "gtx/ops/attention/scores.py"
MESSAGES = "gtx/ops/message_passing.py"
SEGMENT = "gtx/ops/segment.py"
LAYER = "gtx/nn/attention/multi_head.py"
BLOCKS = "gtx/nn/blocks/transformer.py"
CONV = "gtx/nn/local/transformer_conv.py"
CALL = "gtx/nn/attention/call.py"


@dataclasses.dataclass(frozen=True)
class Equation:
    """A numbered equation of the paper.

    Attributes:
      number: its number in the paper.
      latex: the equation.
      lines: the lines of gtx that are this equation.
      rows: the numbers of the claims that test it.
      note: how gtx differs, or what to look at.
    """

    number: int
    latex: str
    lines: tuple[Line, ...]
    rows: tuple[int, ...]
    note: str = ""


EQUATIONS = (
    Equation(
        1,
        r"h_i^{\ell+1}=\mathrm{Attention}\big(W_Q^\ell h_i^\ell, \lbrace W_K^\ell h_j^\ell\rbrace_"
        r"{j\in\mathcal S}, \lbrace W_V^\ell h_j^\ell\rbrace_{j\in\mathcal S}\big)",
        (
            Line(
                LAYER,
                "MultiHeadAttention.__call__",
                "attend(self, query, key, value, structure, train=train, bias=bias, "
                "scale=self.scale)",
            ),
        ),
        (1, 4),
        "The set S is the argument `structure`: `Complete`, or any list of edges.",
    ),
    Equation(
        2,
        r"=\sum_{j\in\mathcal S} w_{ij} W_V^\ell h_j^\ell",
        (Line(BLOCK, "sum_values", "out = weights_value(weights, columns.value)"),),
        (1,),
        "For all receivers i of a graph g and heads h at once.",
    ),
    Equation(
        3,
        r"w_{ij}=\mathrm{softmax}_{j\in\mathcal S}\big(W_Q^\ell h_i^\ell\cdot W_K^\ell h_j^\ell"
        r"\big)",
        (
            Line(SCORES, "Dot.__call__", "jnp.sum(query * key, axis=-1)"),
            Line(SCORES, "Dot.default_scale", "return 1 / math.sqrt(head_dim)"),
        ),
        (1, 2),
        "`scale=1` is the equation to the letter (a).",
    ),
    Equation(
        4,
        r"=\frac{\exp(W_Q^\ell h_i^\ell\cdot W_K^\ell h_j^\ell)}{\sum_{j'\in\mathcal S}\exp("
        r"W_Q^\ell h_i^\ell\cdot W_K^\ell h_{j'}^\ell)}",
        (
            Line(DENSE, "_attend_tier", "jnp.exp(logits - peak[..., None])"),
            Line(BLOCK, "divide", "out / divisor[..., None]"),
        ),
        (1, 3),
        "Less the largest score, so that nothing overflows; the sum is divided, not each weight.",
    ),
    Equation(
        5,
        r"Q^k=W_Q^{\ell,k}h_i^\ell,\quad K^k=\lbrace W_K^{\ell,k}h_j^\ell\rbrace,\quad "
        r"V^k=\lbrace W_V^{\ell,k}h_j^\ell\rbrace",
        (
            Line(
                LAYER,
                "MultiHeadAttention.__call__",
                "part.reshape(-1, self.num_heads, self.dim // self.num_heads)",
            ),
        ),
        (4, 14),
        "One matrix for all heads, seen as heads: nothing is multiplied head by head.",
    ),
    Equation(
        6,
        r"\mathrm{head}_i^k=\sum_{j\in\mathcal S}w_{ij}^k W_V^{\ell,k}h_j^\ell",
        (Line(EDGES, "attend", "segment_sum(gated[..., None] * value, receivers, num_receivers"),),
        (1, 14),
        "The same sum over a list of edges: heads are an axis.",
    ),
    Equation(
        7,
        r"w_{ij}^k=\mathrm{softmax}_{j\in\mathcal S}\big(W_Q^{\ell,k}h_i^\ell\cdot "
        r"W_K^{\ell,k}h_j^\ell\big)",
        (Line(EDGES, "attend", "segment_exp(logits, receivers, num_receivers, where=where"),),
        (1, 14),
    ),
    Equation(
        8,
        r"\tilde h_i^\ell=\mathrm{Concat}(\mathrm{head}_i^1,\dots,\mathrm{head}_i^K)\,O^\ell",
        (
            Line(
                LAYER,
                "MultiHeadAttention.__call__",
                "Linear(self.dim, use_bias, kernel_init=self.kernel_init, **options, "
                'name="output")',
            ),
        ),
        (1, 4, 14),
    ),
    Equation(
        9,
        r"h_i^{\ell+1}=\mathrm{MLP}\big(\mathrm{LayerNorm}(h_i^\ell+\tilde h_i^\ell)\big)",
        (
            Line(
                BLOCKS,
                "TransformerBlock.__call__",
                'features = norm(add(features, attend(features), "attention"), "attention")',
            ),
            Line(
                BLOCKS,
                "TransformerBlock.__call__",
                'if self.form == "paper": return feed_forward(features)',
            ),
        ),
        (4, 16),
        '`form="paper"`; the forms that are trained stand beside it (b).',
    ),
    Equation(
        10,
        r"P_\sigma\mathcal G=(P_\sigma A P_\sigma^\top, P_\sigma H)",
        (
            Line(
                "gtx/encodings/engine/symmetry.py",
                "check_symmetry",
                "encoding(adjacency[:, order][:, :, order])",
            ),
            Line(
                "experiments/paper/claims/e08_order_or_structure.py",
                "renumbering_errors",
                "found[number[..., None], order[:, :, None], order[:, None]]",
            ),
        ),
        (7, 8),
        "In code a permutation is an index, not a matrix.",
    ),
    Equation(
        11,
        r"m_{ij}^\ell=\psi(h_i^\ell,h_j^\ell)\quad\forall j\in\mathcal N_i",
        (
            Line(
                MESSAGES,
                "message_passing",
                "message(jax.tree.map(lambda values: keep(segment.gather(values, receivers, "
                "**into)), nodes), jax.tree.map(lambda values: keep(segment.gather(values, "
                "senders)), nodes), jax.tree.map(keep, edges))",
            ),
        ),
        (13,),
    ),
    Equation(
        12,
        r"m_i^\ell=\bigoplus_{j\in\mathcal N_i}m_{ij}^\ell",
        (
            Line(
                MESSAGES,
                "message_passing",
                "aggregate(messages, receivers, num_nodes, method=method, where=where, **into)",
            ),
        ),
        (7, 13),
    ),
    Equation(
        13,
        r"h_i^{\ell+1}=\phi(h_i^\ell,m_i^\ell)",
        (Line(MESSAGES, "message_passing", "return update(nodes, arrived)"),),
        (13,),
    ),
    Equation(
        14,
        r"\psi(h_i,h_j)=\mathrm{LocalAttention}\big(W_Qh_i,\lbrace W_Kh_j\rbrace_{j\in\mathcal "
        r"N_i},\lbrace W_Vh_j\rbrace_{j\in\mathcal N_i}\big)",
        (Line(CALL, "edges_of", "Edges(over.senders, over.receivers, where=over.mask"),),
        (5, 6, 10),
        "Dot-product attention along edges, which is not the GAT that is cited (c).",
    ),
    Equation(
        15,
        r"=\frac{\exp(W_Qh_i\cdot W_Kh_j)}{\sum_{j'\in\mathcal N_i}\exp(W_Qh_i\cdot W_Kh_{j'})}"
        r"\,W_Vh_j",
        (
            Line(
                SEGMENT,
                "segment_softmax",
                "weights / gather(total, segment_ids, indices_are_sorted=indices_are_sorted)",
            ),
            Line(MESSAGES, "_softmax", "to_rank(weights, wide.ndim) * wide"),
        ),
        (1, 3, 5),
        "The denominator needs all neighbours; the strict form divides in the update (d).",
    ),
    Equation(
        16,
        r"h_i^{\ell+1}=h_i^\ell+\sum_{j\in\mathcal N_i}\psi(h_i^\ell,h_j^\ell)",
        (Line(CONV, "TransformerConv.__call__", "out = out + skip"),),
        (5, 6),
        "With a linear map of the skip, as Shi et al. (2021) have it.",
    ),
    Equation(
        17,
        r"\psi(h_i,h_j)=\mathrm{GlobalAttention}\big(W_Qh_i,\lbrace W_Kh_j\rbrace_{j\in\mathcal "
        r"S},\lbrace W_Vh_j\rbrace_{j\in\mathcal S}\big)",
        (
            Line(
                "gtx/nn/attention/call.py",
                "pairs_of",
                "Complete(require_layout(batch), where, batch.node_ids)",
            ),
        ),
        (4, 14),
        "The only line that differs from equation 14.",
    ),
    Equation(
        18,
        r"=\frac{\exp(W_Qh_i\cdot W_Kh_j)}{\sum_{j'\in\mathcal S}\exp(W_Qh_i\cdot W_Kh_{j'})}"
        r"\,W_Vh_j",
        (Line(DENSE, "_attend_tier", "total = jnp.sum(weights, axis=-1)"),),
        (1, 20),
        "S holds i itself, the neighbourhoods of equation 15 need not (e).",
    ),
    Equation(
        19,
        r"h_i^{\ell+1}=\mathrm{MLP}\Big(\mathrm{LayerNorm}\big(h_i^\ell+\sum_{j\in\mathcal S}"
        r"\psi(h_i^\ell,h_j^\ell)\big)\Big)",
        (Line(BLOCKS, "TransformerBlock.__call__", "features.nodes + x"),),
        (4,),
        "Equation 9 again, with the attention as messages.",
    ),
    Equation(
        20,
        r"\tilde H^\ell=\mathrm{softmax}\big(H^\ell W_Q^\ell(H^\ell W_K^\ell)^\top\big)\big("
        r"H^\ell W_V^\ell\big)",
        (
            Line(BLOCK, "_scores", "products = query_key(query, key)"),
            Line(BLOCK, "sum_values", "out = weights_value(weights, columns.value)"),
        ),
        (1, 17),
        "The product whose suitability for hardware the paper is about.",
    ),
)
