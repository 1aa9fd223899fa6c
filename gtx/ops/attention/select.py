"""Selects the implementation that runs: the best that applies, or the one that was named."""

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

# Numbers of edges, and of pairs of one graph, from which on `chunked` is faster. The numbers for a
# CPU are measured on one and two cores. Those for other platforms are estimates: beyond them the
# arrays that `chunked` avoids would take gigabytes.
CHUNKED_FROM_EDGES, CHUNKED_FROM_PAIRS = {"cpu": 2**14}, {"cpu": 1024**2}
MANY_EDGES, MANY_PAIRS = 2**23, 4096**2
# Number of pairs of all graphs together from which on the arrays of `dense` take gigabytes.
DENSE_PAIRS = 2**25

_logger = logging.getLogger("gtx")


class Choice(NamedTuple):
    """The implementation that was selected for a call, and the reason."""

    structure: str
    requested: str
    implementation: str
    reason: str


_logged: set[Choice] = set()  # each choice is logged once and not at every step
_records: list[list[Choice]] = []


def supports(name: str, call: Call) -> str | None:
    """None if the named implementation can answer the call, or the reason why it cannot."""
    if not isinstance(name, str) or name not in IMPLEMENTATIONS:
        return f"there is none of that name; there are {', '.join(IMPLEMENTATIONS)}, auto"
    return IMPLEMENTATIONS[name].supports(call)


def automatic(call: Call) -> tuple[str, str]:
    """The implementation that "auto" selects from static facts only, and the reason.

    `flash` (which rounds to bfloat16 inside) and `reference` run only by name.
    """
    # Only shapes decide, never values: the choice must be the same at every step of a program.
    structure, platform = call.structure, jax.default_backend()
    if not isinstance(structure, Complete):
        num_edges = structure.senders.shape[0]
        limit = CHUNKED_FROM_EDGES.get(platform, MANY_EDGES)
        if num_edges >= limit:
            return "chunked", f"there are {num_edges:,} edges, not fewer than {limit:,}"
        return "edges", f"there are {num_edges:,} edges, fewer than {limit:,}"
    sizes = zip(structure.layout.tiers, structure.senders.tiers, strict=True)
    largest = max((rows.size * columns.size for rows, columns in sizes), default=0)
    limit = CHUNKED_FROM_PAIRS.get(platform, MANY_PAIRS)
    if largest >= limit:
        return "chunked", f"the largest graph has {largest:,} pairs, not fewer than {limit:,}"
    if structure.num_pairs >= DENSE_PAIRS:
        return (
            "chunked",
            f"all graphs have {structure.num_pairs:,} pairs, not fewer than {DENSE_PAIRS:,}",
        )
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
        # Compared by identity, because two empty lists are equal.
        _records[:] = [record for record in _records if record is not choices]
