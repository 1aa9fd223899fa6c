"""Where training gets its batches from: one source per file, and the class to write one's own."""

from gtx.batching.sources.resident import Resident as Resident
from gtx.batching.sources.source import Source as Source
from gtx.batching.sources.streamed import Streamed as Streamed
