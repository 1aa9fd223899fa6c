"""What is added to a graph: nodes, and edge sets that stand beside its own edges. Host, numpy.

A structure is a frozen dataclass in a file of its own, called with a Dataset, which it returns
with an edge set under its name. Layers run over the sets that they name, `edges=("expander",)`
or `edges=("graph", "expander")` for both as one; the graph's own edges and their columns stay as
they are.

Structures are applied after the encodings, which are therefore those of the graph alone: the
random walks of an Exphormer are the molecule's. New nodes, and pairs with them, hold the fill
that each column declares (`gtx.data.Categorical`, `gtx.data.Continuous`).

The features of an edge set are encoded by encoders of its own (`gtx.nn.Embed(edge_sets=...)`), to
the width of the graph's edges. A set without columns gets one learned vector where a layer that
reads edge features runs over several sets, so that they are told apart. To add a structure, write
such a file and a line of `STRUCTURES`.
"""

from collections.abc import Iterable
from typing import Any

from gtx.data import Dataset
from gtx.structures.complete import Complete as Complete
from gtx.structures.expander import Expander as Expander
from gtx.structures.k_hop import KHop as KHop
from gtx.structures.self_loops import SelfLoops as SelfLoops
from gtx.structures.structure import Structure as Structure
from gtx.structures.structure import own_nodes as own_nodes
from gtx.structures.virtual_nodes import VirtualNodes as VirtualNodes

# In the order in which recipes apply them, so that loops come to virtual nodes too.
STRUCTURES: dict[str, type[Any]] = {
    "virtual_nodes": VirtualNodes,
    "self_loops": SelfLoops,
    "k_hop": KHop,
    "expander": Expander,
    "complete": Complete,
}


def apply(dataset: Dataset, structures: Iterable[Structure]) -> Dataset:
    """The dataset with the nodes and edge sets of these structures, applied in their order.

    Raises:
      DatasetError: an edge set has the name of another, or a graph would get too many edges.
    """
    for structure in structures:
        dataset = structure(dataset)
    return dataset
