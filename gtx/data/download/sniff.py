"""Recognises files that are not what their names say, such as an error page saved as a zip."""

from pathlib import Path

_MAGIC = {
    (".zip", ".npz", ".whl"): (b"PK\x03\x04", b"PK\x05\x06"),
    (".gz", ".tgz"): (b"\x1f\x8b",),
    (".bz2",): (b"BZh",),
    (".xz",): (b"\xfd7zXZ\x00",),
    (".npy",): (b"\x93NUMPY",),
    (".parquet",): (b"PAR1",),
}
_PAGE = (b"<!doctype html", b"<html", b"<?xml")


def wrong_kind(path: Path, name: str) -> str:
    """What the file is instead of what its name says, in words; "" if nothing is wrong."""
    with path.open("rb") as stream:
        start = stream.read(512)
    if not start:
        return "an empty file"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE):
        return "a web page instead of the file"
    for endings, magics in _MAGIC.items():
        if name.endswith(endings) and not start.startswith(magics):
            return f"something that is no {endings[0]} file"
    return ""
