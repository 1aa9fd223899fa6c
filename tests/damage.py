"""What becomes of files: bits flip, ends are lost, bytes come in between; and what forgers make."""

import io
import re
import zipfile
from collections.abc import Iterator

import numpy as np


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """The bytes of a file after one accident."""
    place = int(rng.integers(len(content)))
    length = int(rng.integers(1, 40))
    kind = rng.choice(["flip", "byte", "cut", "insert", "lose", "repeat", "zero", "structure"])
    if kind == "structure":  # where there is little data and much to go wrong
        marks = [
            m.start() for m in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06|NUMPY", content)
        ]
        place = min(int(rng.choice(marks or [0])) + int(rng.integers(0, 110)), len(content) - 1)
        kind = rng.choice(["flip", "byte"])
    if kind == "flip":
        new = bytes([content[place] ^ (1 << int(rng.integers(8)))])
    elif kind == "byte":
        new = rng.bytes(1)
    elif kind == "cut":
        return content[:place]
    elif kind == "lose":
        return content[:place] + content[place + length :]
    elif kind == "zero":
        new = bytes(length)
    elif kind == "repeat":
        return content[:place] + content[max(0, place - length) :]
    else:
        return content[:place] + rng.bytes(length) + content[place:]
    return content[:place] + new + content[place + len(new) :]


def forged(content: bytes, rng: np.random.Generator) -> bytes:
    """A `.npz` of which one member was altered, with the checksums that belong to it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    name = str(rng.choice(list(members)))
    member = members[name]
    edits = [
        lambda: damaged(member, rng),
        lambda: member.replace(b"(", b"(" + b"9" * int(rng.integers(1, 30)), 1),
        lambda: member.replace(b"'<", b"'" + bytes(rng.choice(list(b">|<=O"), 1).tolist()), 1),
        lambda: member[:10] + rng.bytes(118) + member[128:],
        lambda: member[:10] + (b"(" * 117) + b"\n" + member[128:],
        lambda: member[:128] + rng.bytes(max(0, len(member) - 128)),
        lambda: member[:128] + bytes([255]) * (len(member) - 128),
    ]
    members[name] = edits[int(rng.integers(len(edits)))]()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return stream.getvalue()


def many(content: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """So many damaged and forged versions of a `.npz`, the same for the same seed."""
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        yield (forged if number % 3 == 0 else damaged)(content, rng)
