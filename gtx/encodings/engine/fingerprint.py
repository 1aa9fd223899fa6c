"""A name for an encoding with its settings, by which cached results are found."""

import dataclasses
import hashlib
import json

from gtx.encodings.base import Encoding, EncodingError


def fingerprint(encoding: Encoding) -> str:
    """A hash of the encoding's class, fields and version, the same in every process.

    Raises:
      EncodingError: it is no dataclass, or a field is not made of numbers, strings and tuples.
    """
    kind = type(encoding)
    if not dataclasses.is_dataclass(encoding):
        raise EncodingError(
            f"{kind.__qualname__} is no dataclass, so nothing tells which settings a cached result "
            "has. Make it a frozen dataclass, or leave out cache_dir."
        )
    # The constants of the class are among the fields: in older versions they were fields.
    constants = dict(level=encoding.level, symmetry=encoding.symmetry, version=encoding.version)
    fields = sorted({**dataclasses.asdict(encoding), **constants}.items())
    # Two modules may each have a class of this name, so that the module is a part of it.
    content = [kind.__module__, kind.__qualname__, encoding.version, fields]
    try:
        text = json.dumps(content, default=lambda value: value.item())  # of numpy's numbers
    except (TypeError, ValueError, AttributeError) as error:
        raise EncodingError(
            f"{encoding.name}: the fields {dict(fields)} cannot be told from others in a cache. "
            "Take numbers, strings and tuples of them, or leave out cache_dir."
        ) from error
    return hashlib.sha256(text.encode()).hexdigest()
