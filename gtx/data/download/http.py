"""Downloads one file over TLS. What was received before an interruption is not lost.

The bytes go to `<name>.part`, and a file gets its name when it is complete and checked. A part is
continued if the server says that its file is still the same, or if the sha256 is known, which then
decides. Only the standard library is needed.
"""

import dataclasses
import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import IO, Any

from gtx._version import __version__
from gtx.data.download.remote import DownloadError, Remote, check_address
from gtx.data.download.sniff import wrong_kind

_CHUNK = 2**18
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # the same request may succeed later
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_MAX_REDIRECTS = 10

Advance = Callable[[int, int | None], None]


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long a download waits, and for what.

    Attributes:
      timeout: seconds without any byte after which a connection is given up.
      slowest: bytes a second, averaged over `window` seconds; a slower connection is given up.
      window: seconds, see `slowest`.
      attempts: connections in a row that bring nothing new; 20 times as many in all.
      pause: seconds before the second connection; doubled each time, up to 30.
    """

    timeout: float = 30.0
    slowest: float = 500.0
    window: float = 60.0
    attempts: int = 5
    pause: float = 1.0


class _Again(Exception):
    """A failure after which a further connection may succeed."""

    def __init__(self, reason: str, wait: float = 0.0):
        super().__init__(reason)
        self.wait = wait


def download(
    remote: Remote,
    folder: str | Path,
    *,
    advance: Advance | None = None,
    patience: Patience | None = None,
    context: ssl.SSLContext | None = None,
) -> Path:
    """Download a file into a folder, and return its path. An existing file is replaced.

    One process at a time may download into a folder; `fetch` sees to that.

    Args:
      remote: the file; its address must not be that of a wheel.
      folder: an existing folder.
      advance: called with the bytes so far, and the bytes of the whole file or None.
      patience: when to give up.
      context: settings of TLS; by default the certificate authorities of this system.

    Raises:
      DownloadError: the server refused, did not answer, or sent something else than the file. A
        part that can be continued is kept.
    """
    patience, folder = patience or Patience(), Path(folder)
    target = folder / remote.name
    part = folder / f"{remote.name}.part"
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context or ssl.create_default_context()),
        _Redirects(remote.name),
    )
    failures, connections, restarted = 0, 0, False
    while True:
        before = _size(part)
        connections += 1
        try:
            _receive(opener, remote, part, advance, patience)
            found = sha256_of(part)
            if remote.sha256 and found != remote.sha256:
                _drop(part)
                if before and not restarted:  # the beginning may be that of another version
                    restarted = True
                    continue
                raise DownloadError(
                    f"{remote.name}: {remote.url} sent a file with sha256 {found}, and "
                    f"{remote.sha256} was published. It was changed there or on its way, and is "
                    "not kept."
                )
            wrong = wrong_kind(part, remote.name)
            if wrong:
                _drop(part)
                raise DownloadError(
                    f"{remote.name}: {remote.url} sent {wrong}. The file may have moved; it is not "
                    "kept."
                )
            os.replace(part, target)
            _notes(part).unlink(missing_ok=True)
            return target
        except _Again as error:
            failures = 1 if _size(part) > before else failures + 1
            if failures >= patience.attempts or connections >= 20 * patience.attempts:
                raise DownloadError(
                    f"{remote.name}: {remote.url} could not be downloaded: {error}. It was tried "
                    f"{connections} times; {_size(part):,} bytes are kept. Start the same command "
                    f"again later, or put the file at {target} yourself."
                ) from error
            time.sleep(max(error.wait, min(patience.pause * 2 ** (failures - 1), 30.0)))


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _receive(
    opener: urllib.request.OpenerDirector,
    remote: Remote,
    part: Path,
    advance: Advance | None,
    patience: Patience,
) -> None:
    """One connection: the bytes that `part` lacks."""
    start, headers = _resume(remote, part)
    try:
        request = urllib.request.Request(remote.url, headers=headers)
        with opener.open(request, timeout=patience.timeout) as answer:
            start, total = _accepted(answer, remote, part, start)
            free = shutil.disk_usage(part.parent).free
            if total is not None and total - start > free:
                raise DownloadError(
                    f"{remote.name}: has {total:,} bytes, and {free:,} are free in {part.parent}."
                )
            _note(remote, part, answer.headers)
            with part.open("r+b" if start else "wb") as stream:
                stream.seek(start)
                _copy(answer, stream, remote, start, total, advance, patience)
                stream.flush()
                os.fsync(stream.fileno())
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:  # the part is longer than the file
                _drop(part)
                raise _Again("the server has less than was received before") from error
            said = f"the server answered {error.code} {error.reason}"
            if error.code in _BUSY:
                raise _Again(said, _wait(error.headers)) from error
            raise DownloadError(
                f"{remote.name}: {remote.url}: {said}. The file may have moved; put it at "
                f"{part.with_name(remote.name)} if you have it."
            ) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise DownloadError(
                f"{remote.name}: {remote.url}: the server does not prove who it is "
                f"({error.reason.verify_message}). Nothing was downloaded."
            ) from error
        raise _Again(f"no connection ({error.reason})") from error
    except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        raise _Again(str(error) or type(error).__name__) from error


def _copy(
    answer: Any,
    stream: IO[bytes],
    remote: Remote,
    start: int,
    total: int | None,
    advance: Advance | None,
    patience: Patience,
) -> None:
    done, clock, mark = start, time.monotonic(), start
    if advance is not None:
        advance(done, total)
    while chunk := answer.read1(_CHUNK):
        done += len(chunk)
        if done > (remote.max_bytes if total is None else total):
            stream.truncate(start)
            raise DownloadError(
                f"{remote.name}: {remote.url} sends more than "
                f"{remote.max_bytes if total is None else total:,} bytes, which it should have."
            )
        stream.write(chunk)
        if advance is not None:
            advance(done, total)
        now = time.monotonic()
        if now - clock > patience.window:
            if (done - mark) / (now - clock) < patience.slowest:
                raise _Again(f"less than {patience.slowest:g} bytes a second")
            clock, mark = now, done
    if total is not None and done < total:
        raise _Again(f"the connection ended after {done:,} of {total:,} bytes")


def _accepted(answer: Any, remote: Remote, part: Path, start: int) -> tuple[int, int | None]:
    """From which byte the answer goes on, and the size of the whole file or None."""
    headers = answer.headers
    encoding = headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise DownloadError(
            f"{remote.name}: {remote.url} sent the encoding {encoding!r}, which was not asked for."
        )
    kind = headers.get_content_type()
    if kind == "text/html" and not remote.name.endswith((".html", ".htm")):
        raise DownloadError(
            f"{remote.name}: {remote.url} sent a web page instead of the file. It may have moved, "
            f"or want a login; put the file at {part.with_name(remote.name)} if you have it."
        )
    length = headers.get("Content-Length")
    if length is not None and not re.fullmatch(r"\d{1,18}", length):
        raise _Again(f"its Content-Length is {length!r}")
    if answer.status == 200:
        start, total = 0, None if length is None else int(length)
    elif answer.status == 206:
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if found is None or int(found[1]) != start or not start:
            _drop(part)
            raise _Again(
                f"the server sent the range {headers.get('Content-Range')!r} for byte {start}"
            )
        last = int(found[2]) + 1
        total = last if found[3] == "*" else int(found[3])
        if total != last or (length is not None and int(length) != last - start):
            _drop(part)
            raise _Again("the server sent a part of what was asked for")
    else:
        raise DownloadError(
            f"{remote.name}: {remote.url}: the server answered {answer.status}, which is no file."
        )
    if total is not None and total > remote.max_bytes:
        raise DownloadError(
            f"{remote.name}: {remote.url} has {total:,} bytes, beyond the limit of "
            f"{remote.max_bytes:,}."
        )
    return start, total


def _resume(remote: Remote, part: Path) -> tuple[int, dict[str, str]]:
    """The bytes that are there, and the headers that ask for the others."""
    # Compressed bytes would not have the published sha256.
    headers = {"User-Agent": f"gtx/{__version__}", "Accept-Encoding": "identity"}
    start = _size(part)
    if not start:
        return 0, headers
    validator = None
    try:
        notes = json.loads(_notes(part).read_text("utf-8"))
        if isinstance(notes, dict) and notes.get("url") == remote.url:
            validator = notes.get("validator")
        else:
            start = 0
    except (OSError, ValueError):
        start = 0
    if not start or not (validator or remote.sha256):
        return 0, headers
    headers["Range"] = f"bytes={start}-"
    if isinstance(validator, str):
        headers["If-Range"] = validator  # a server with another file then sends it whole
    return start, headers


def _note(remote: Remote, part: Path, headers: Message) -> None:
    """Write beside the part which file it is the beginning of."""
    tag = headers.get("ETag", "")
    strong = tag if tag.startswith('"') else None
    notes = dict(url=remote.url, validator=strong or headers.get("Last-Modified"))
    _notes(part).write_text(json.dumps(notes), "utf-8")


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _notes(part).unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _wait(headers: Message) -> float:
    """Seconds that a server asks to wait, at most a minute."""
    asked = headers.get("Retry-After", "")
    return min(float(asked), 60.0) if re.fullmatch(r"\d{1,9}", asked) else 0.0


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses that are as safe as the first."""

    max_redirections = _MAX_REDIRECTS

    def __init__(self, name: str):
        self._name = name

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        check_address(newurl, self._name)
        if req.type == "https" and newurl.startswith("http:"):
            raise DownloadError(f"{self._name}: {req.full_url} leads to {newurl}, without TLS.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
