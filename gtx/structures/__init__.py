"""Structures add virtual nodes and further edge sets to the graphs of a dataset. Host, numpy.

A structure is a frozen dataclass in a file of its own. It is called with a Dataset and returns it
with an edge set under its name. A layer runs over the sets that it names: `edges=("expander",)`, or
`edges=("graph", "expander")` for both sets together. The graph's own edges and their columns do not
change.

Structures are applied after the encodings. The encodings therefore describe the original graph: the
random walks of an Exphormer are those of the molecule. New nodes, and pairs with them, hold the
fill value that each column declares (`gtx.data.Categorical`, `gtx.data.Continuous`).

The features of an edge set have their own encoders (`gtx.nn.Embed(edge_sets=...)`), with the same
width as the features of the graph's edges. A layer that reads edge features may run over several
sets. A set without columns then gets one learned vector, which distinguishes its edges. To add a
structure, write such a file and add a line to `STRUCTURES`. A structure that adds no node and reads
no column but that of virtual nodes says so by the class attribute `reads_columns = False`: its edge
set is then made once for graphs that differ in their columns alone, as those of folds do.
"""

from collections.abc import Iterable
from typing import Any

from gtx.data import Dataset
from gtx.structures.big_bird import BigBird as BigBird
from gtx.structures.causal import Causal as Causal
from gtx.structures.complete import Complete as Complete
from gtx.structures.edge_tokens import EdgeTokens as EdgeTokens
from gtx.structures.expander import Expander as Expander
from gtx.structures.k_hop import KHop as KHop
from gtx.structures.self_loops import SelfLoops as SelfLoops
from gtx.structures.structure import Structure as Structure
from gtx.structures.structure import own_nodes as own_nodes
from gtx.structures.structure import times_added as times_added
from gtx.structures.subgraphs import Subgraphs as Subgraphs
from gtx.structures.virtual_nodes import VirtualNodes as VirtualNodes
from gtx.structures.walks import Walks as Walks

# Recipes apply structures in this order, so that virtual nodes and the nodes of edges get
# self-loops too, and that virtual nodes are not joined to those of edges.
STRUCTURES: dict[str, type[Any]] = {
    "virtual_nodes": VirtualNodes,
    "edge_tokens": EdgeTokens,
    "self_loops": SelfLoops,
    "k_hop": KHop,
    "expander": Expander,
    "big_bird": BigBird,
    "complete": Complete,
    "causal": Causal,
    "walks": Walks,
    "subgraphs": Subgraphs,
}


def apply(
    dataset: Dataset, structures: Iterable[Structure], *, like: Dataset | None = None
) -> Dataset:
    """The dataset with the nodes and edge sets of these structures, applied in their order.

    Args:
      dataset: the graphs.
      structures: what is added.
      like: the same graphs with these structures, whose columns have other values. Edge sets that
        are known not to depend on columns are taken of it, not made again.

    Raises:
      DatasetError: an edge set has the name of another, or a graph would get too many edges.
    """
    for structure in structures:
        if like is not None and not getattr(structure, "reads_columns", True):
            known = like.edge_sets[structure.name]
            dataset = dataset.with_edge_set(structure.name, known, structure.columns())
        else:
            dataset = structure(dataset)
    return dataset
