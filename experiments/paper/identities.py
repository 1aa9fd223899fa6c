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
from experiments.paper.gates import F32, X64, Claim, Gate, equal, limit, wording

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
        "Every node needs an edge to itself: the set S of the equations says so, the words "
        '"complete graph" do not, and without these edges the result is off by '
        "{without_loops:.2g} (4e).",
        conditional=True,
        thin=SMALL,
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
        "The condition of E1, edges from every node to itself, is this row's too; gradients of one "
        "layer agree to rounding, which over many steps sets two runs apart all the same.",
        conditional=True,
        thin=SMALL,
    ),
    Claim(
        3,
        "2.1 and 2.2, equations 11-16",
        "Attention is a message of two nodes (equations 11 and 15), a sum, and an update.",
        "The message of equation 15 between two nodes of three while the third one changes. Then "
        "messages (exp(s), exp(s) v), summed, which an update divides: sizes of E1; four senders "
        "with scores of -100 and up to 1e4.",
        equality.strict_form,
        (
            *equal("strict", "difference of the strict form"),
            wording(
                "change_by_a_third_node",
                "<=",
                X64,
                "change of equation 15's message when a node that is neither end changes",
            ),
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
        "as printed, a third node changes the message by {change_by_a_third_node:.2g}; as "
        "repaired, error {strict_x64:.1e} (float64), {strict_f32:.1e} (float32)",
        "The message carries exp(score) unnormalised, which float32 has up to scores of "
        "{largest_finite_score_f32:.0f}.",
        conditional=True,
        words="Equation 11 has a message depend on its two ends, equation 15 prints one that "
        "divides by a sum over all neighbours. The repaired form, messages (exp(s), exp(s) v) that "
        "an update divides, is the same function, but in float32 it overflows beyond scores of "
        "{largest_finite_score_f32:.0f} and at -100 is wrong by {strict_error_at_minus_100:.2g} "
        "without a sign of it (4d).",
        thin=SMALL,
    ),
    Claim(
        4,
        "1.3 and 3, equations 9 and 19; figure 3",
        "Equations 9 and 19, attention, a residual, LayerNorm and an MLP, are the layer of a "
        "Transformer.",
        "The paper's form, and the layers that are trained, post-LN (Vaswani et al., 2017, which "
        "it cites) and pre-LN: each with ReLU and SwiGLU, against NumPy, float64; and against each "
        "other with the same parameters where they share them.",
        blocks.formula,
        (
            Gate("error", "<=", X64, "difference of a block from its formula"),
            wording(
                "from_trained_forms",
                "<=",
                X64,
                "smallest difference of equations 9 and 19 from a layer that is trained",
            ),
            limit("forms_apart", ">=", 1e-3, "smallest difference between two of the six blocks"),
        ),
        "gtx has each form to {error:.1e}; equations 9 and 19 differ from the layers that are "
        "trained by {from_trained_forms:.2g} at least",
        "Equations 9 and 19 are a layer that is trained.",
        words="No residual goes around the MLP, and the second LayerNorm is missing: that is "
        "neither the post-LN layer that the paper cites nor the pre-LN layer that its figure 3 "
        "calls modern (4b). All three are what their formulas say.",
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
        "The GAT must be that of equations 14 to 16, with dot products; the one that is cited, "
        "Veličković et al. (2018), adds its scores up, and no choice of weights makes it this (4c, "
        "E6).",
        conditional=True,
        thin=dict(densities=(0.2,)),
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
        "Whatever the layer, renumbering what goes in renumbers what comes out, to rounding; "
        "encodings that read the order or a basis of eigenvectors are no layers, and have rows of "
        "their own (E8, E9).",
        thin=dict(num_graphs=12, permutations=1, precisions=("x64",)),
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
        "No further, to the bit, and everywhere so far; but to reach is not to be felt: the "
        "smallest entry within L hops is {within:.1e}, and what that means for learning is E11.",
        thin=dict(layers=2),
    ),
    Claim(
        12,
        "3",
        "Transformers are highly expressive set processing networks.",
        "W_Q = 0 against the layer of Deep Sets; SAB, ISAB and PMA of the Set Transformer on "
        "permuted sets, and on sets with every element twice, float64. Then two blocks that learn "
        "on sets of 1 to 8 elements, 5 seeds: the largest number of a set, and how many elements "
        "are of one kind; asked on sets of up to 64. Attention pools, or a sum does.",
        sets.set_functions,
        (
            Gate("deep_sets", "<=", X64, "difference of W_Q = 0 from Deep Sets (with means)"),
            Gate("equivariance", "<=", X64, "largest error of equivariance of a block"),
            Gate("invariance", "<=", X64, "error of invariance of the pool"),
            Gate("max_attention_8", ">=", 0.9, "R2 of the largest of 8 numbers"),
            limit("deep_sets_with_queries", ">=", 1e-3, "difference from Deep Sets with queries"),
            limit(
                "not_renumbered", ">=", 1e-3, "smallest change of rows that are not permuted back"
            ),
            limit("pma_tells_sets_apart", ">=", 1e-3, "difference of the pool between two sets"),
            limit("elements_twice", "<=", X64, "change when every element comes twice"),
            limit("count_attention_8", "<=", 0.95, "R2 of a count among 8 elements"),
            limit("count_summed_8", ">=", 0.95, "R2 of a count among 8 when a sum pools"),
        ),
        "Deep Sets {deep_sets:.1e}, blocks {equivariance:.1e}, pool {invariance:.1e}; R2 at 8 and "
        "64 elements: largest {max_attention_8:.2f} and {max_attention_64:.2f}, count "
        "{count_attention_8:.2f} and {count_attention_64:.1f}, with a sum {count_summed_8:.2f} and "
        "{count_summed_64:.2f}",
        "What is asked must depend on the shares of the elements and not on their number: "
        "attention averages, so every element twice is the same set to it (to "
        "{elements_twice:.0e}). The largest number it carries from 8 elements to 64 (R2 "
        "{max_attention_64:.2f}); counts it guesses among 8 ({count_attention_8:.2f}) and gives "
        "{count_attention_ratio_64:.2f} of them among 64, where a sum in the place of the last "
        "attention counts ({count_summed_64:.2f}) and loses the largest.",
        conditional=True,
        thin=dict(),
        check=sets.identities,
        slow=dict(),
    ),
    Claim(
        13,
        "2.1, equations 11-13",
        "Message, aggregate and update cover GCN, GIN and MPNN.",
        "The layers of gtx, GraphSAGE's too, and equations 11-13 with their functions, against "
        "matrices, float64. GCN's message between nodes of equal features and other degrees.",
        instances.closed_forms,
        (
            Gate("layers", "<=", X64, "difference of a layer from its closed form"),
            Gate("one_liners", "<=", X64, "difference of equations 11-13 from a closed form"),
            limit("apart", ">=", 1e-3, "smallest difference between two of the closed forms"),
            limit(
                "same_ends_other_message",
                ">=",
                1e-3,
                "difference of GCN's messages between ends that are equal to equation 11",
            ),
        ),
        "layers {layers:.1e}, equations 11-13 {one_liners:.1e}; GCN's messages between equal ends "
        "differ by {same_ends_other_message:.2g}",
        "The message must see more than equation 11 hands it, the features of two nodes: the "
        "degrees for GCN, the features of the edge for the MPNN of Gilmer et al. (2017), whose "
        "layer is tested without them.",
        conditional=True,
    ),
    Claim(
        15,
        "1.3",
        "The MLP, typically 4d wide, has significantly more parameters than attention.",
        "Counted for d in {24, 96, 768}: ReLU of width 4d, SwiGLU of width 8d/3, no biases.",
        blocks.parameter_split,
        (
            Gate("smallest_ratio", "==", 2, "smallest ratio of MLP to attention"),
            Gate("largest_ratio", "==", 2, "largest ratio of MLP to attention"),
            limit("width_2d", "==", 1, "ratio at width 2d"),
        ),
        "exactly {smallest_ratio:.0f} to 1; {width_2d:.0f} to 1 at width 2d",
        "At the width that the sentence itself names it has exactly {smallest_ratio:.0f} times as "
        "many, with ReLU and with SwiGLU of 8d/3; at the 2d of GPS it has no more (4g).",
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
            limit("ends_apart", ">=", 1e-3, "difference between the two ends"),
            limit(
                "without_itself",
                ">=",
                1e-3,
                "difference of beta = 1e4 from neighbours without the node itself",
            ),
            Gate(
                "mass_never_falls",
                "==",
                1,
                "whether the weight within one hop never falls with beta",
            ),
        ),
        "error {at_zero:.1e} at beta = 0, {at_infinity:.1e} at 1e4; {without_itself:.2g} from "
        "neighbours without the node itself",
        "A node must count among its own neighbours, as it does in the set S of equation 18 and "
        "need not in the N of equation 15; then one bias leads from one to the other, with equal "
        "results at both ends.",
        conditional=True,
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
        "One block's program has no loop over tokens and everyone's result depends on everyone; "
        "under the causal mask nothing of a later token arrives, to the bit. (Of the program, that "
        "is: no time is measured, and to write text a causal model still goes token by token.)",
        thin=dict(layers=2),
    ),
)
