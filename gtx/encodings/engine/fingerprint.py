"""A hash of an encoding and its settings, under which cached results are found."""

import dataclasses
import hashlib
import json

from gtx.encodings.base import Encoding, EncodingError


def fingerprint(encoding: Encoding) -> str:
    """A hash of the encoding's class, fields and version, the same in every process.

    Raises:
      EncodingError: the encoding is not a dataclass, or a field does not consist of numbers,
        strings and tuples.
    """
    kind = type(encoding)
    if not dataclasses.is_dataclass(encoding):
        raise EncodingError(
            f"{kind.__qualname__} is no dataclass, so nothing tells which settings a cached result "
            "has. Make it a frozen dataclass, or leave out cache_dir."
        )
    # The constants of the class are added to the fields. They were fields in older versions, and
    # the cached results of these stay valid.
    constants = dict(level=encoding.level, symmetry=encoding.symmetry, version=encoding.version)
    fields = sorted({**dataclasses.asdict(encoding), **constants}.items())
    # The module is included, because two modules may each have a class of this name.
    content = [kind.__module__, kind.__qualname__, encoding.version, fields]
    try:
        text = json.dumps(content, default=lambda value: value.item())  # converts numpy scalars
    except (TypeError, ValueError, AttributeError) as error:
        raise EncodingError(
            f"{encoding.name}: the fields {dict(fields)} cannot be told from others in a cache. "
            "Take numbers, strings and tuples of them, or leave out cache_dir."
        ) from error
    return hashlib.sha256(text.encode()).hexdigest()
