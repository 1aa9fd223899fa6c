"""Sources of training batches, one per file, and the base class for your own source."""

from gtx.batching.sources.resident import Resident as Resident
from gtx.batching.sources.source import Source as Source
from gtx.batching.sources.streamed import Streamed as Streamed
