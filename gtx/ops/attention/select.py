"""Which implementation runs: the best that applies, or the one that was named."""

import contextlib
import logging
from collections.abc import Iterator
from typing import NamedTuple

import jax

from gtx.ops.attention import chunked, dense, edges, flash, reference
from gtx.ops.attention.contract import Call, Complete

IMPLEMENTATIONS = {
    "dense": dense,
    "chunked": chunked,
    "flash": flash,
    "edges": edges,
    "reference": reference,
}

# Edges, and pairs of one graph, from which on blocks pay: measured on the CPU, a guess elsewhere.
CHUNKED_FROM_EDGES = 2**17
CHUNKED_FROM = {"cpu": 1024**2, "gpu": 4096**2, "tpu": 4096**2}

_logger = logging.getLogger("gtx")


class Choice(NamedTuple):
    """Which implementation answered a call, and why."""

    structure: str
    requested: str
    implementation: str
    reason: str


_logged: set[Choice] = set()
_records: list[list[Choice]] = []


def supports(name: str, call: Call) -> str | None:
    """None if the named implementation can answer the call, or the reason why it cannot."""
    if name not in IMPLEMENTATIONS:
        return f"there is none of that name; there are {', '.join(IMPLEMENTATIONS)}, auto"
    return IMPLEMENTATIONS[name].supports(call)


def automatic(call: Call) -> tuple[str, str]:
    """What "auto" takes, from static facts alone, and why.

    `flash`, whose results are rounded to bfloat16 inside, and the oracle run by name only.
    """
    structure = call.structure
    if not isinstance(structure, Complete):
        num_edges = structure.senders.shape[0]
        if num_edges >= CHUNKED_FROM_EDGES:
            return (
                "chunked",
                f"there are {num_edges:,} edges, not fewer than {CHUNKED_FROM_EDGES:,}",
            )
        return "edges", f"there are {num_edges:,} edges, fewer than {CHUNKED_FROM_EDGES:,}"
    sizes = zip(structure.layout.tiers, structure.senders.tiers, strict=True)
    largest = max((rows.size * columns.size for rows, columns in sizes), default=0)
    limit = CHUNKED_FROM[jax.default_backend()]
    if largest >= limit:
        return "chunked", f"the largest graph has {largest:,} pairs, not fewer than {limit:,}"
    return "dense", f"the largest graph has {largest:,} pairs, fewer than {limit:,}"


def select(name: str, call: Call) -> str:
    """The implementation to run.

    Raises:
      ValueError: the named one does not apply; the message says why.
    """
    chosen, why = automatic(call) if name == "auto" else (name, "it was named")
    reason = supports(chosen, call)
    if reason is not None:
        raise ValueError(f"The attention implementation {chosen!r} does not apply: {reason}.")
    choice = Choice(type(call.structure).__name__, name, chosen, why)
    if choice not in _logged:
        _logged.add(choice)
        _logger.debug("gtx.ops.attention: %r over %s: %s", chosen, choice.structure, why)
    for record in _records:
        record.append(choice)
    return chosen


@contextlib.contextmanager
def recorded_choices() -> Iterator[list[Choice]]:
    """The choices of every attention that is called, or traced, inside the `with` block."""
    choices: list[Choice] = []
    _records.append(choices)
    try:
        yield choices
    finally:
        # By identity: two empty lists are equal.
        _records[:] = [record for record in _records if record is not choices]
