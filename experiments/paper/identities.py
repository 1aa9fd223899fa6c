"""Rows of the table on what is equal, or exactly nothing.

Thresholds of errors stand 10 to 100 times above what a prototype measured.
"""

from experiments.paper import (
    blocks,
    equality,
    instances,
    knob,
    reach,
    sets,
    symmetry,
)
from experiments.paper.gates import F32, X64, Claim, Gate, equal, limit

SMALL = dict(sizes=(1, 5), heads=(4,))

CLAIMS = (
    Claim(
        1,
        "3, equations 14-20",
        "Self-attention over a set is message passing on the fully connected graph.",
        "All pairs as matrices, as a shuffled list of edges, as equations 11-13, as a loop over "
        "equations 2-8, and flax's own layer with the same weights; n in {1, 2, 5, 16, 33, 64}, "
        "1 and 4 heads.",
        equality.forward,
        (
            *equal("edges", "difference of an edge list from matrices"),
            *equal("messages", "difference of equations 11-13 from matrices"),
            *equal("flax", "difference of flax's layer"),
            *equal("paper", "difference of equations 2-8 in a loop"),
            limit("without_loops", ">=", 1e-3, "difference without self-loops"),
        ),
        "error {edges_x64:.1e} (float64), {edges_f32:.1e} (float32); {without_loops:.2g} without "
        "self-loops",
        thin=SMALL,
        condition="the complete graph has an edge from every node to itself (4e)",
    ),
    Claim(
        2,
        "3, equations 14-20",
        "The same, as far as training can see it.",
        "Gradients with respect to W_Q, W_K, W_V, O and X, for the programs and sizes of E1. "
        "Errors are relative to the largest entry of all gradients; in float64 also to that of "
        "each parameter. In float32 that would be too strict: at n = 2 a nearly saturated softmax "
        "leaves queries and keys with differences of almost equal numbers, in every program.",
        equality.backward,
        (
            *equal("edges", "difference of an edge list's gradients, relative to all of them"),
            *equal("messages", "the same for equations 11-13"),
            Gate("by_parameter_x64", "<=", X64, "difference relative to each parameter, float64"),
        ),
        "relative error {edges_x64:.1e} (float64), {edges_f32:.1e} (float32); by parameter "
        "{by_parameter_x64:.1e}, and {by_parameter_f32:.1e} without a gate",
        thin=SMALL,
    ),
    Claim(
        3,
        "2.1 and 2.2, equations 11-16",
        "Attention is a message that depends on its two ends, a sum, and an update.",
        "Messages (exp(s), exp(s) v), summed; the update divides. Sizes of E1; four senders with "
        "scores of -100 and up to 1e4.",
        equality.strict_form,
        (
            *equal("strict", "difference of the strict form"),
            Gate("softmax_at_1e4", "<=", F32, "error of the softmax at scores of 1e4"),
            limit(
                "strict_finite_at_1e4",
                "==",
                0,
                "whether the strict form is finite at scores of 1e4",
            ),
            Gate("softmax_at_minus_100", "<=", F32, "error of the softmax at scores of -100"),
            limit(
                "strict_error_at_minus_100",
                ">=",
                0.1,
                "error of the strict form at scores of -100, where it underflows and stays finite",
            ),
        ),
        "error {strict_x64:.1e} (float64), {strict_f32:.1e} (float32); in float32 with four "
        "senders finite up to scores of {largest_finite_score_f32:.0f}, wrong by "
        "{strict_error_at_minus_100:.2g} at -100",
        thin=SMALL,
        condition="the message carries exp(score) unnormalised. In float32 that overflows beyond "
        "scores of {largest_finite_score_f32:.0f} with four senders, and at -100 it underflows to "
        "0 and is wrong without a sign of it (4d). As equation 15 prints it, the message depends "
        "on all neighbours",
    ),
    Claim(
        4,
        "1.3 and 3, equations 9 and 19; figure 3",
        "Attention, a residual, LayerNorm and an MLP make a block.",
        "The paper's form, post-LN and pre-LN, each with ReLU and SwiGLU, against NumPy, float64.",
        blocks.formula,
        (
            Gate("error", "<=", X64, "difference of a block from its formula"),
            limit("forms_apart", ">=", 1e-3, "smallest difference between two of the six blocks"),
        ),
        "error {error:.1e}",
        condition="it is said which block is meant: equations 9 and 19 are none of those that are "
        "trained (4b)",
    ),
    Claim(
        5,
        "3, equations 14-18",
        "Conversely, graph attention is a Transformer with a sparse mask.",
        "Random graphs of 530 nodes with 5, 20 and 50 % of the edges and self-loops: dense under a "
        "mask, an edge list, both in several blocks, and a segment softmax. TransformerConv "
        "against equation 16 with its maps.",
        equality.masked,
        (
            *equal("edges", "difference of an edge list from a mask"),
            *equal("segments", "difference of a segment softmax from a mask"),
            *equal("chunked", "difference of blocks of edges from a mask"),
            *equal("chunked_mask", "difference of blocks of a mask from a mask"),
            Gate("residual", "<=", X64, "difference of TransformerConv from equation 16, float64"),
            Gate("weight_outside", "==", 0, "largest weight of a masked pair"),
            limit("unmasked", ">=", 1e-3, "difference without the mask"),
        ),
        "error {edges_x64:.1e} (float64), {edges_f32:.1e} (float32); masked weights exactly 0",
        thin=dict(densities=(0.2,)),
        condition="the scores are dot products (4c). For additive ones see E6",
    ),
    Claim(
        7,
        "2 and 2.1, equations 10 and 12",
        "The order of nodes means nothing, and aggregation keeps it so.",
        "Every public module of gtx.nn and gtx.models on 100 random graphs, each renumbered 5 "
        "times, edges shuffled.",
        symmetry.equivariance,
        (
            *equal("error", "largest error of equivariance of a module"),
            Gate("modules_missing", "==", 0, "public modules that are not tested"),
            limit(
                "not_renumbered", ">=", 1e-3, "smallest change of rows that are not renumbered back"
            ),
        ),
        "error {error_x64:.1e} (float64), {error_f32:.1e} (float32) over {modules:.0f} modules",
        thin=dict(num_graphs=12, permutations=1, precisions=("x64",)),
        condition="no positions by order (E8) and no bases of eigenvectors (E9) are read",
    ),
    Claim(
        10,
        "2.1, figure 4",
        "L layers of message passing reach L hops.",
        "Jacobians of 1 to 6 layers of local attention and of GIN on path, ring, tree and grid, "
        "float64.",
        reach.hops,
        (
            Gate("beyond", "==", 0, "largest entry of a Jacobian beyond L hops"),
            Gate("within", ">", 0, "smallest entry of a Jacobian within L hops"),
        ),
        "exactly {beyond:.0f} beyond L hops; at least {within:.1e} within",
        thin=dict(layers=2),
    ),
    Claim(
        12,
        "3",
        "Transformers without positions are functions of sets, Deep Sets among them.",
        "W_Q = 0 against the layer of Deep Sets; SAB, ISAB and PMA of the Set Transformer on "
        "permuted sets, float64. How they do on sets of other sizes is not measured.",
        sets.set_functions,
        (
            Gate("deep_sets", "<=", X64, "difference of W_Q = 0 from Deep Sets"),
            Gate("equivariance", "<=", X64, "largest error of equivariance of a block"),
            Gate("invariance", "<=", X64, "error of invariance of the pool"),
            limit("deep_sets_with_queries", ">=", 1e-3, "difference from Deep Sets with queries"),
            limit(
                "not_renumbered", ">=", 1e-3, "smallest change of rows that are not permuted back"
            ),
            limit("pma_tells_sets_apart", ">=", 1e-3, "difference of the pool between two sets"),
        ),
        "Deep Sets {deep_sets:.1e}, blocks {equivariance:.1e}, pool {invariance:.1e}",
        condition="no positions are added",
    ),
    Claim(
        13,
        "2.1, equations 11-13",
        "Message, aggregate and update cover GCN, GIN, GraphSAGE and MPNN.",
        "The layers of gtx, and equations 11-13 with their functions, against matrices, float64.",
        instances.closed_forms,
        (
            Gate("layers", "<=", X64, "difference of a layer from its closed form"),
            Gate("one_liners", "<=", X64, "difference of equations 11-13 from a closed form"),
            Gate("apart", ">=", 1e-3, "smallest difference between two of the closed forms"),
        ),
        "layers {layers:.1e}, equations 11-13 {one_liners:.1e}",
    ),
    Claim(
        15,
        "1.3",
        "The MLP holds far more parameters than attention.",
        "Counted for d in {24, 96, 768}: ReLU of width 4d, SwiGLU of width 8d/3, no biases.",
        blocks.parameter_split,
        (
            Gate("smallest_ratio", "==", 2, "smallest ratio of MLP to attention"),
            Gate("largest_ratio", "==", 2, "largest ratio of MLP to attention"),
            limit("width_2d", "==", 1, "ratio at width 2d"),
        ),
        "exactly {smallest_ratio:.0f} to 1; {width_2d:.0f} to 1 at width 2d",
        condition="the MLP is 4d wide (4g), and then by a factor of {smallest_ratio:.0f}",
    ),
    Claim(
        20,
        "2.2 and 3, equations 15 and 18",
        "Local and global attention are the same equation with other neighbourhoods.",
        "A bias of -beta max(distance - 1, 0), beta from 0 to 1e4, float64.",
        knob.local_to_global,
        (
            Gate("at_zero", "<=", X64, "difference of beta = 0 from the Transformer"),
            Gate("at_infinity", "<=", X64, "difference of beta = 1e4 from masked attention"),
            Gate("ends_apart", ">=", 1e-3, "difference between the two ends"),
            Gate(
                "mass_never_falls",
                "==",
                1,
                "whether the weight within one hop never falls with beta",
            ),
        ),
        "error {at_zero:.1e} at beta = 0, {at_infinity:.1e} at 1e4",
    ),
    Claim(
        21,
        "1.1 and 1.2, figure 1",
        "Attention updates all tokens at once; a causal model still reads left to right.",
        "Jacobian of 3 blocks over the DAG of a sequence of 10 tokens; the DAG against a mask and "
        "against jax.nn's causal attention, float64. Without a mask: the Jacobian of one block, "
        "and whether its program has a loop.",
        reach.causal,
        (
            Gate("later", "==", 0, "largest entry of the Jacobian above the diagonal"),
            Gate("earlier", ">", 0, "smallest entry of the Jacobian on and below the diagonal"),
            Gate("mask_error", "<=", X64, "difference of the DAG from the mask"),
            Gate("library_error", "<=", F32, "difference of the DAG from jax.nn"),
            Gate("loops", "==", 0, "scans and whiles in the program of a block without a mask"),
            Gate("without_mask", ">", 0, "smallest entry of its Jacobian"),
            limit("recurrent_loops", ">=", 1, "the same loops in a recurrent network"),
        ),
        "exactly {later:.0f} from later tokens; DAG against mask {mask_error:.1e}; "
        "{loops:.0f} loops in a block",
        thin=dict(layers=2),
    ),
)
