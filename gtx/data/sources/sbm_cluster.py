"""CLUSTER: find the communities of a graph, given one node of each."""

import dataclasses
from typing import Annotated

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.sources.block_model import BlockModel, Size, both_ways, dataset_of, upper
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Probability, Whole


@dataclasses.dataclass(frozen=True)
class SBMCluster(BlockModel):
    """Node column "type" is 1 + its community at one random node of each, and 0 elsewhere.

    The label is the community. As in the authors' code, whose `randint` leaves out its upper end of
    35, a community has at most 34 nodes; the paper says 5 to 35. The published graphs have 117.2
    nodes and 4,301.7 directed edges in the mean; these have 117.0 and 4,290.
    """

    num_communities: Annotated[int, Whole(2, 2**16)] = 6
    max_size: Size = 34
    inside: Probability = 0.55
    across: Probability = 0.25

    @property
    def label(self) -> Label:
        return Label("node", "multiclass", self.num_communities)

    def declared_spec(self) -> GraphSpec:
        types = Categorical((self.num_communities + 1,))
        return GraphSpec(nodes=dict(type=types), label=self.label)

    def load(self) -> Dataset:
        nodes, labels, edges, counts = [], [], [], []
        for number in range(self.num_graphs):
            rng = np.random.default_rng((self.split_seed, number))
            blocks = self.sizes(rng)
            block = rng.permutation(np.repeat(np.arange(self.num_communities), blocks))
            feature = np.zeros(len(block), np.int32)
            for community in range(self.num_communities):
                feature[rng.choice(np.nonzero(block == community)[0])] = community + 1
            linked = upper(self.chances(block), rng)
            nodes.append(feature)
            labels.append(block)
            edges.append(both_ways(linked | linked.T))
            counts.append(len(block))
        return dataset_of(nodes, labels, edges, counts, self.declared_spec())
