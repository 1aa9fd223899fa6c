"""Graphs of other libraries as a Dataset, and back: one file for each library.

    dataset = gtx.data.convert.from_networkx(graphs, target="label", split="part")
    gtx.data.packed.save(dataset, "mine.npz")

No library is imported before it is needed. What these functions have in common:

- Edges are directed. An undirected graph gets every edge in both directions, with the same
  features, and a self-loop once. Self-loops are kept. Isolated nodes are kept.
- Parallel edges are kept where the library has them as such (an edge list); keys of multigraphs
  are refused unless you say that they may be dropped.
- Numbers that are integers are categories, from 0; floats are numbers; bools are two categories;
  texts are categories with names, which `spec=` gives to further graphs.
- What a Dataset cannot hold is refused, and the message names the graph, the field and the remedy:
  NaN, complex numbers, missing or unequal attributes, rows of several lengths, integers beyond 32
  bits, several types of nodes.
"""

from gtx.data.convert.dgl import from_dgl, to_dgl
from gtx.data.convert.graph6 import from_graph6, to_graph6
from gtx.data.convert.jraph import from_jraph, to_jraph
from gtx.data.convert.networkx import from_networkx, to_networkx
from gtx.data.convert.pyg import from_pyg, to_pyg
from gtx.data.convert.rdkit import from_molecules, from_sdf
from gtx.data.convert.scipy import from_scipy, to_scipy

__all__ = [
    "from_dgl",
    "from_graph6",
    "from_jraph",
    "from_molecules",
    "from_networkx",
    "from_pyg",
    "from_scipy",
    "from_sdf",
    "to_dgl",
    "to_graph6",
    "to_jraph",
    "to_networkx",
    "to_pyg",
    "to_scipy",
]
