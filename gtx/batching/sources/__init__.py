"""Sources of training batches, one per file, and the base class for your own source.

`SAMPLERS` maps the names that `config.batch.sampling.name` may have to the sources of parts of one
large graph.
"""

from gtx.batching.sources.clusters import Clusters as Clusters
from gtx.batching.sources.hidden_nodes import HiddenNodes as HiddenNodes
from gtx.batching.sources.negatives import SampledNegatives as SampledNegatives
from gtx.batching.sources.neighbors import Neighbors as Neighbors
from gtx.batching.sources.neighbors import SampleWarning as SampleWarning
from gtx.batching.sources.noisy_nodes import NoisyNodes as NoisyNodes
from gtx.batching.sources.resident import Resident as Resident
from gtx.batching.sources.resident_part import ResidentPart as ResidentPart
from gtx.batching.sources.sampled import Sampled as Sampled
from gtx.batching.sources.sharded import Sharded as Sharded
from gtx.batching.sources.source import Source as Source
from gtx.batching.sources.streamed import Streamed as Streamed

SAMPLERS: dict[str, type[Sampled]] = {"clusters": Clusters, "neighbors": Neighbors}
