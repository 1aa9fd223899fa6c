"""Rows of the table on what happens: rankings, symmetries broken, training, times.

Thresholds were chosen before the seeds that count were run.
"""

from experiments.paper import (
    depth,
    expressivity,
    hardware,
    heads,
    hops_learned,
    locality,
    positions,
    ranking,
    reach_on_molecules,
    squashing,
)
from experiments.paper.gates import F32, X64, Claim, Gate, limit, wording

CLAIMS = (
    Claim(
        6,
        "2.2, equations 14-16",
        "A GAT learns which neighbours are more important for each node.",
        "Nodes that are somebody's first choice, among 32 random nodes, complete and complete "
        "bipartite, 5 seeds: GAT, GATv2, dot product. Nothing is trained.",
        ranking.dynamic,
        (
            Gate("gatv2_least", ">", 1, "fewest distinct first choices with GATv2"),
            Gate("dot_least", ">", 1, "fewest distinct first choices with dot products"),
            wording("gat_most", ">", 1, "most distinct first choices with the GAT that is cited"),
        ),
        "first choices: GAT {gat_most:.0f}, GATv2 from {gatv2_least:.0f}, dot product from "
        "{dot_least:.0f}",
        "Each node can have a first choice of its own.",
        words="In the GAT that is cited all nodes rank their neighbours alike, whatever the "
        "weights (Brody et al., 2022): it can learn which nodes are important, not for whom. The "
        "dot products of equations 14 to 16, and GATv2, which the paper does not cite, can (4c).",
    ),
    Claim(
        8,
        "3",
        "A positional encoding hints at the order of a sequence or the structure of a graph.",
        "A Transformer block that reads an encoding, on 20 random graphs without repeated "
        "eigenvalues (E9 has those), renumbered 5 times, float64.",
        positions.order_and_structure,
        (
            Gate(
                "graph_encodings",
                "<=",
                1e-10,
                "largest error of equivariance, encodings of the graph",
            ),
            Gate("order", ">=", 1e-2, "median error with an encoding of the order"),
            limit("raw_eigenvectors", ">=", 1e-2, "median error with raw eigenvectors"),
        ),
        "{graph_encodings:.1e} for {num_graph_encodings:.0f} encodings of graphs; {order:.2g} for "
        "sinusoids of the order, {raw_eigenvectors:.2g} for raw eigenvectors",
        thin=dict(
            num_graphs=4,
            permutations=2,
            names=("order (sinusoidal)", "LapPE, raw", "RWSE", "shortest paths"),
        ),
        argument="To be a hint of the structure alone it must be a function of the graph that does "
        "not see the numbering, and eight are; the raw eigenvectors of Dwivedi and Bresson (2020), "
        "whom the paper cites, also hint at signs that are an accident ({raw_eigenvectors:.2g}).",
        conditional=True,
    ),
    Claim(
        9,
        "3",
        "On graphs, positional encodings softly inject the structure, as eigenvectors of the "
        "Laplacian do.",
        "Eigenvectors with signs flipped, and with the bases of repeated eigenvalues rotated (C6, "
        "K6, two triangles): raw, SignNet, SPE; float64.",
        positions.sign_and_basis,
        (
            Gate("signnet_signs", "<=", 1e-6, "largest change of SignNet under flipped signs"),
            Gate("spe_signs", "<=", 1e-6, "largest change of SPE under flipped signs"),
            Gate("spe_bases", "<=", 1e-6, "largest change of SPE under rotated bases"),
            limit(
                "raw_signs", ">=", 1e-2, "smallest change of raw eigenvectors under flipped signs"
            ),
            limit(
                "raw_bases", ">=", 1e-2, "smallest change of raw eigenvectors under rotated bases"
            ),
            limit("signnet_bases", ">=", 1e-3, "largest change of SignNet under rotated bases"),
        ),
        "invariant {spe_bases:.1e}; raw {raw_signs:.2g} (signs), {raw_bases:.2g} (bases)",
        thin=dict(draws=3, symmetric=("C6",)),
        argument="The encoder must not see signs, nor the bases of repeated eigenvalues, which are "
        "no structure of the graph: read as they are the result changes by {raw_signs:.2g} and "
        "{raw_bases:.2g}, and SignNet still sees bases ({signnet_bases:.2g}).",
        conditional=True,
    ),
    Claim(
        11,
        "3",
        "Attention over all pairs captures global context, free of the over-squashing of a fixed "
        "sparse graph.",
        "A look-up: NeighborsMatch (Alon and Yahav, 2021) with the same blocks over edges and over "
        "all pairs, trees of depth 2-5, rings of radius 2-7, 2,000 steps, 5 seeds; decay of the "
        "Jacobian. No look-up: on molecules of 20 to 32 atoms, the mean of random numbers of all "
        "atoms 1, 3 or 5 bonds away, asked on molecules that were not trained on; decay of the "
        "Jacobian there, and its fall with the size of a set.",
        squashing.over_squashing,
        (
            Gate(
                "worst_global_tree",
                ">=",
                0.99,
                "accuracy of global attention at its worst depth, trees",
            ),
            Gate(
                "worst_global_ring",
                ">=",
                0.99,
                "accuracy of global attention at its worst radius, rings",
            ),
            Gate("fall_tree", ">=", 0.2, "fall of message passing's accuracy with depth, trees"),
            Gate("fall_ring", ">=", 0.2, "fall of message passing's accuracy with radius, rings"),
            Gate(
                "slope_tree_edges",
                "<=",
                -0.1,
                "log10 slope of the Jacobian per hop, edges of trees",
            ),
            Gate(
                "slope_ring_edges",
                "<=",
                -0.1,
                "log10 slope of the Jacobian per hop, edges of rings",
            ),
            Gate(
                "slope_tree_complete",
                ">=",
                -0.1,
                "the same over all pairs of trees, a control that cannot miss",
            ),
            Gate(
                "slope_ring_complete",
                ">=",
                -0.1,
                "the same over all pairs of rings, a control that cannot miss",
            ),
            Gate(
                "slope_molecules_edges",
                "<=",
                -0.1,
                "log10 slope of the Jacobian per bond, edges of molecules",
            ),
            Gate("slope_molecules_complete", ">=", -0.1, "the same over all pairs of molecules"),
            Gate(
                "fall_molecules_edges",
                ">=",
                0.2,
                "fall of R2 from means 1 bond away to means 5 bonds away, edges of molecules",
            ),
            Gate(
                "fall_molecules_complete_and_distances",
                "<=",
                0.1,
                "the same over all pairs that are told distances",
            ),
            limit(
                "explained_complete_5",
                "<=",
                0.1,
                "R2 of means 5 bonds away, all pairs that are told no distances",
            ),
            limit(
                "power_of_size_complete",
                "<=",
                -0.5,
                "power of the number of nodes with which the Jacobian of another node changes",
            ),
        ),
        "look-ups fall by {fall_tree:.2f} (trees), {fall_ring:.2f} (rings) over edges, over all "
        "pairs at least {worst_global_tree:.3f}; R2 of means 5 bonds away (and 1): edges "
        "{explained_edges_5:.2f} ({explained_edges_1:.2f}), all pairs {explained_complete_5:.2f} "
        "({explained_complete_1:.2f}), told distances {explained_complete_and_distances_5:.2f} "
        "({explained_complete_and_distances_1:.2f}); Jacobian 10^({slope_molecules_edges:.2f}) per "
        "bond over edges, n^({power_of_size_complete:.2f}) over all pairs",
        "What is far must be told apart by what the nodes hold, as the keys of a look-up, or by an "
        "encoding: without distances all pairs explain {explained_complete_5:.2f} of a mean 5 "
        "bonds away. And what does not fade with distance fades with size: the mean over n nodes "
        "lets another node be felt as n^({power_of_size_complete:.2f}).",
        conditional=True,
        also=(reach_on_molecules.far_nodes_of_molecules,),
        check=squashing.first_signs,
        slow=dict(tree_radii=(2, 4), ring_radii=(2, 7), seeds=range(3)),
    ),
    Claim(
        14,
        "1.3, equations 5-8",
        "One head can be limiting; several attend to several relations, as one batched product.",
        "Heads at once against one by one; one attention sub-layer, 1 and 2 heads of one total "
        "width, that must follow two pointers, 5 seeds.",
        heads.parallel_relations,
        (
            Gate("batched", "<=", X64, "difference of heads at once from heads in turn"),
            Gate("block_diagonal", "<=", X64, "difference of an O of blocks from a map per head"),
            Gate("accuracy_gap", ">=", 0.2, "accuracy of two heads less that of one"),
        ),
        "accuracy {accuracy_two_heads:.3f} with two heads, {accuracy_one_head:.3f} with one",
        thin=dict(steps=150, seeds=range(2)),
        slow=dict(),
        argument="One head has one set of weights and halves them between two relations, two heads "
        "take one each. Shown on one task whose relations are known, read by a linear map as in "
        'equation 8: what an MLP behind one head could make up for, and "hedge its bets", is not '
        "tested.",
    ),
    Claim(
        16,
        "1.3, equation 9, figure 3",
        "The MLP, residual connections and LayerNorm enable stacking many layers.",
        "Norms (before, after, none) times residuals (with, without), and equation 9. At the "
        "start: gradient of the last of 64 layers over that of the first, 5 seeds. After 150 steps "
        "of Adam, 2 and 16 layers, 5 seeds: mean square error where guessing has 1 and a stack "
        "that hands on each node, but does not mix, 0.32 at best.",
        depth.depth,
        (
            Gate(
                "log10_last_over_first_pre_ln",
                ">=",
                -1,
                "log10 of last over first gradient, pre-LN",
            ),
            Gate(
                "log10_last_over_first_pre_ln", "<=", 1, "log10 of last over first gradient, pre-LN"
            ),
            Gate("loss_pre_ln", "<=", 0.2, "error with 16 layers, pre-LN"),
            wording("loss_paper", "<=", 0.2, "error with 16 layers, equation 9"),
            limit(
                "log10_last_over_first_neither",
                ">=",
                3,
                "log10 of last over first gradient, neither residual nor norm",
            ),
            limit(
                "log10_last_over_first_paper",
                ">=",
                1,
                "log10 of last over first gradient, equation 9",
            ),
            limit("loss_neither", ">=", 0.9, "error with 16 layers, neither residual nor norm"),
            limit("loss_norm_before_alone", ">=", 0.5, "the same, norm before and no residual"),
            limit("loss_norm_after_alone", ">=", 0.5, "the same, norm after and no residual"),
        ),
        "error with 16 layers: pre-LN {loss_pre_ln:.2f}, post-LN {loss_post_ln:.2f}, residual "
        "without norm {loss_residual_alone:.2f}, norm without residual "
        "{loss_norm_before_alone:.2f} (before) and {loss_norm_after_alone:.2f} (after), neither "
        "{loss_neither:.2f}, equation 9 {loss_paper:.2f}",
        "Residuals must go around both halves of a layer: without them no norm trains 16 layers "
        "({loss_norm_before_alone:.2f}, {loss_norm_after_alone:.2f}).",
        conditional=True,
        words="As equation 9 arranges them they do not: with no residual around the MLP, 16 layers "
        "are left with an error of {loss_paper:.2f} (4b). It is residuals that carry depth, with "
        "LayerNorm before ({loss_pre_ln:.2f}), after ({loss_post_ln:.2f}) or without "
        "({loss_residual_alone:.2f}); LayerNorm alone does not ({loss_norm_before_alone:.2f}). "
        "What it does is keep gradients even: over 64 layers they change by "
        "10^{log10_last_over_first_pre_ln:.1f} with it and "
        "10^{log10_last_over_first_residual_alone:.1f} without, which Adam and clipping make up "
        "for at this size.",
        thin=dict(depths=(64,), trained_depths=(), forms=("paper", "pre_ln", "neither")),
        slow=dict(),
    ),
    Claim(
        17,
        "4, equation 20",
        "Sparse message passing is orders of magnitude slower than dense attention, but for very "
        "sparse or billion-scale graphs.",
        "Forward, and forward and backward: dense, dense under a mask, edges (gather and scatter), "
        "both in blocks; 4 heads of 16, float32; n = 2^6 to 2^13, six densities from all pairs to "
        "two edges per node, self-loops counted. Plain edges up to 1.5 million, beyond them blocks "
        "of edges alone, and no points of more than 7 million. Medians of 20 interleaved rounds up "
        "to n = 2,048, of 5 beyond; results compared before. Slowdowns are of the faster edge form "
        "over the faster masked form of matrices, those of plain edges over masked matrices, "
        "neither in blocks.",
        hardware.lottery,
        (
            Gate("disagreement", "<=", F32, "largest relative difference between two forms"),
            Gate(
                "slowdown_on_complete_graphs",
                ">=",
                1,
                "smallest slowdown of edges on complete graphs, n = 256 to 2,048",
            ),
            Gate(
                "slowdown_at_two_edges_per_node",
                "<=",
                1,
                "largest slowdown of edges at two edges per node, largest n",
            ),
            wording("largest_slowdown", ">=", 100, "largest slowdown of edges, two orders"),
            wording(
                "largest_slowdown_plain_edges",
                ">=",
                100,
                "largest slowdown of plain edges over a plain product, two orders",
            ),
        ),
        "edges are {largest_slowdown:.0f} times slower at most (plain edges "
        "{largest_slowdown_plain_edges:.0f} times), {largest_speedup:.0f} times faster at most; "
        "at n = {largest_n:.0f} they win below density {crossover_forward:.2g} (forward), "
        "{crossover_training:.2g} (training)",
        check=hardware.agreement,
        slow=dict(sizes=(256, 512), densities=(1.0, 0.1, 0.0), rounds=5),
        argument="More than {crossover_training:.2g} of all pairs must be edges (training, n = "
        "{largest_n:.0f}).",
        conditional=True,
        words="Two orders are a factor of 100; measured are {largest_slowdown:.0f} at most between "
        "the faster form of each and {largest_slowdown_plain_edges:.0f} for plain gather and "
        "scatter, both on complete graphs, and below a density of {crossover_training:.2g} "
        "(training, n = {largest_n:.0f}), which is hundreds of neighbours and not very sparse, "
        "edges are faster. The sentence is about GPUs, and this is one CPU (4h).",
    ),
    Claim(
        18,
        "4",
        "Transformers can learn locality at scale, which positional encodings as hints help.",
        "Three blocks of four heads without mask or edges, told the types of the nodes and "
        "Laplacian vectors; as a control vectors dealt out to the wrong nodes. Labels that do not "
        "speak of neighbours: the solubility of molecules, the communities of block models; 5 "
        "seeds, attention on test graphs. Measured is the weight of neighbours (distance 1) in "
        "what does not go to the node itself, over their share if all others counted alike. Where "
        "the label is the mean over the neighbours, which is circular, one attention alone is "
        "measured to see that the measure can see locality (rings, grids, block models of 16 "
        "nodes; weight within one hop over uniform).",
        hops_learned.hops_learned,
        (
            Gate("score_molecules_vectors", ">=", 0.6, "R2 of the test molecules"),
            Gate("score_communities_vectors", ">=", 0.6, "accuracy on test block models"),
            Gate(
                "nearest_head_communities_vectors",
                ">=",
                2,
                "neighbours over uniform in the head that looks at them most, block models",
            ),
            Gate("gain_communities", ">", 0, "the same less that of wrong vectors"),
            limit("nearest_head_communities_shuffled", "<=", 1.5, "the same of wrong vectors"),
            limit("nearest_head_molecules_vectors", "<=", 1.5, "the same, molecules"),
            limit("after_ring_LapPE", ">=", 2, "where the label is the mean of neighbours, rings"),
            limit("after_grid_LapPE", ">=", 2, "the same, grids"),
            limit("after_blocks_LapPE", ">=", 2, "the same, block models"),
            limit("after_ring_none", "<=", 1.2, "the same without positions, rings"),
            limit("after_grid_none", "<=", 1.2, "the same without positions, grids"),
            limit("after_blocks_none", "<=", 1.2, "the same without positions, block models"),
        ),
        "block models: the head that looks at neighbours most gives them "
        "{nearest_head_communities_vectors:.1f} times their equal share "
        "({nearest_head_communities_shuffled:.1f} with wrong vectors), all heads together "
        "{after_communities_vectors:.1f}, accuracy {score_communities_vectors:.2f}; molecules: "
        "{nearest_head_molecules_vectors:.1f} and {after_molecules_vectors:.1f}, R2 "
        "{score_molecules_vectors:.2f}",
        "The label must reward it and the positions must be told. Where communities are asked, "
        "which are mostly near, some heads learn to look at neighbours "
        "({nearest_head_communities_vectors:.1f} times their share, with wrong vectors "
        "{nearest_head_communities_shuffled:.1f}), all heads together hardly "
        "({after_communities_vectors:.1f}); where solubility is asked none does "
        "({nearest_head_molecules_vectors:.1f}), and it is predicted all the same. The models are "
        'small: "at scale" is not tested.',
        conditional=True,
        thin=dict(steps=200, seeds=range(3), trained=(("ring", "LapPE", 1), ("ring", "none", 1))),
        check=locality.locality,
        slow=dict(),
        also=(locality.locality,),
    ),
    Claim(
        19,
        "3",
        "Graph Transformers overcome the limits of message passing in what it can express.",
        "Sums over nodes that start alike, on four pairs of 1-WL-equivalent graphs: five message "
        "passing networks, and RWSE, HeatKernelDiagonal (of the Laplacian) and shortest "
        "paths, float64.",
        expressivity.pairs_told_apart,
        (
            Gate("message_passing_gap", "<=", 1e-10, "largest gap of a pair without encodings"),
            Gate(
                "encoding_gap", ">=", 1e-3, "smallest gap with an encoding that theory says works"
            ),
            limit("gap_where_none_is_due", "<=", 1e-10, "largest gap of rook and Shrikhande"),
            limit("bias_gap", "<=", 1e-10, "largest gap with a bias by distance"),
            limit("attention_alone", "<=", 1e-10, "largest gap of a Transformer told nothing"),
            limit(
                "message_passing_with_encodings",
                ">=",
                1e-3,
                "smallest gap of GIN that reads such an encoding, where theory says it works",
            ),
        ),
        "message passing {message_passing_gap:.1e}; encodings from {encoding_gap:.1e}; "
        "{gap_where_none_is_due:.1e} for rook against Shrikhande",
        thin=dict(layers=("GIN",)),
        argument="An encoding that tells the graphs apart must reach the values, and it is the "
        "encoding that does it: attention alone ties on every pair, message passing with the same "
        "encoding does not, and rook against Shrikhande, beyond these encodings, ties with all.",
        conditional=True,
    ),
)
