"""Makes batches of static shape from a Dataset: budget, plan, assembly, and sources of batches."""

from gtx.batching.assemble import Columns as Columns
from gtx.batching.assemble import assemble as assemble
from gtx.batching.batches import batch_graphs as batch_graphs
from gtx.batching.batches import make_batches as make_batches
from gtx.batching.batches import stack_batches as stack_batches
from gtx.batching.budget import Budget as Budget
from gtx.batching.budget import BudgetError as BudgetError
from gtx.batching.budget import fit_budget as fit_budget
from gtx.batching.check import BatchError as BatchError
from gtx.batching.check import check_batch as check_batch
from gtx.batching.plan import evaluation_plan as evaluation_plan
from gtx.batching.plan import plan as plan
from gtx.batching.plan import waste as waste
from gtx.batching.sources import SAMPLERS as SAMPLERS
from gtx.batching.sources import Clusters as Clusters
from gtx.batching.sources import HiddenNodes as HiddenNodes
from gtx.batching.sources import Neighbors as Neighbors
from gtx.batching.sources import NoisyNodes as NoisyNodes
from gtx.batching.sources import Resident as Resident
from gtx.batching.sources import ResidentPart as ResidentPart
from gtx.batching.sources import Sampled as Sampled
from gtx.batching.sources import SampledNegatives as SampledNegatives
from gtx.batching.sources import SampleWarning as SampleWarning
from gtx.batching.sources import Sharded as Sharded
from gtx.batching.sources import Source as Source
from gtx.batching.sources import Streamed as Streamed
