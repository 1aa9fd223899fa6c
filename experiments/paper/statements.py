"""The paper's statements, from the abstract to the last section, and the claims that test them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Statement:
    """A sentence of the paper.

    Attributes:
      place: where in the paper it stands.
      says: what it says, in our words.
      rows: the numbers of the claims that test it.
      note: what is to be added, such as why no claim tests it.
    """

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
        "Not tested: of recurrent layers gtx has Mamba alone. E11 shows the squeeze on graphs.",
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
