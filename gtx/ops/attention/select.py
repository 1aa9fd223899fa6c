"""Which implementation runs: the best that applies, or the one that was named."""

import logging

from gtx.ops.attention import dense, edges, reference
from gtx.ops.attention.contract import Call

# In the order of preference of "auto"; the oracle is only ever run by name.
IMPLEMENTATIONS = {"dense": dense, "edges": edges, "reference": reference}
AUTOMATIC = ("dense", "edges")

_logger = logging.getLogger("gtx")
_logged: set[tuple[str, str]] = set()


def supports(name: str, call: Call) -> str | None:
    """None if the named implementation can answer the call, or the reason why it cannot."""
    if name not in IMPLEMENTATIONS:
        return f"there is none of that name; there are {', '.join(IMPLEMENTATIONS)}, auto"
    return IMPLEMENTATIONS[name].supports(call)


def select(name: str, call: Call) -> str:
    """The implementation to run: `name` itself, or what "auto" takes from static facts."""
    candidates = AUTOMATIC if name == "auto" else (name,)
    reasons = {}
    for candidate in candidates:
        reason = supports(candidate, call)
        if reason is None:
            _log_once(candidate, call)
            return candidate
        reasons[candidate] = reason
    text = "; ".join(f"{candidate!r}: {reason}" for candidate, reason in reasons.items())
    raise ValueError(f"No attention implementation applies. {text}.")


def _log_once(name: str, call: Call) -> None:
    choice = (name, type(call.structure).__name__)
    if choice not in _logged:
        _logged.add(choice)
        _logger.debug("gtx.ops.attention: %r over %s", *choice)
