"""Downloads from a server that is cut off, lies, is slow, or sends something else."""

import hashlib
import shutil
import ssl
import subprocess
import time

import pytest

from gtx.data.download import DownloadError, Remote, download
from gtx.data.download.http import Patience
from tests.data.download.server import Server, ranged, send

CONTENT = bytes(range(256)) * 300
SHA = hashlib.sha256(CONTENT).hexdigest()
SOON = Patience(timeout=2.0, attempts=3, pause=0.01)


def fetched(server, folder, sha256=SHA, name="a.bin", patience=SOON, **fields):
    return download(
        Remote(name, f"{server.address}/{name}", sha256, **fields), folder, patience=patience
    )


def nothing_is_there(folder):
    return list(folder.iterdir()) == []


def test_a_file_is_downloaded_whole(tmp_path):
    seen = []
    with Server(send(CONTENT)) as server:
        remote = Remote("a.bin", f"{server.address}/a.bin", SHA)
        path = download(remote, tmp_path, advance=lambda *now: seen.append(now), patience=SOON)
    assert path.read_bytes() == CONTENT and [file.name for file in tmp_path.iterdir()] == ["a.bin"]
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("pinned", [SHA, ""], ids=["pinned", "not pinned"])
def test_what_was_received_is_not_asked_for_again(pinned, tmp_path):
    half = send(CONTENT[:1000], length=len(CONTENT), ETag='"one"')
    with Server(half, ranged(CONTENT, ETag='"one"')) as server:
        assert fetched(server, tmp_path, pinned).read_bytes() == CONTENT
    assert [headers.get("Range") for _, headers in server.requests] == [None, "bytes=1000-"]
    assert server.requests[1][1]["If-Range"] == '"one"'


def test_a_part_stays_for_a_later_command(tmp_path):
    half = send(CONTENT[:1000], length=len(CONTENT), ETag='"one"')
    with Server(half, send(status=503)) as server:
        with pytest.raises(DownloadError, match=r"503.*1,000 bytes are kept.*put the file at"):
            fetched(server, tmp_path)
        server._answers[:] = [ranged(CONTENT)]
        assert fetched(server, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1][1]["Range"] == "bytes=1000-"


def test_without_a_hash_and_a_validator_a_part_is_not_continued(tmp_path):
    half = send(CONTENT[:1000], length=len(CONTENT))
    with Server(half, ranged(CONTENT)) as server:
        assert fetched(server, tmp_path, "").read_bytes() == CONTENT
    assert "Range" not in server.requests[1][1]


def test_a_server_that_does_not_know_ranges_sends_the_whole_file(tmp_path):
    half = send(CONTENT[:1000], length=len(CONTENT))
    with Server(half, send(CONTENT)) as server:
        assert fetched(server, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "wrong", ["bytes 0-76799/76800", "bytes 999-76799/76800", "bytes 1000-1999/76800", "nonsense"]
)
def test_another_range_than_asked_for_is_not_put_behind_the_part(wrong, tmp_path):
    half = send(CONTENT[:1000], length=len(CONTENT))
    other = send(CONTENT[:1000], 206, Content_Range=wrong)
    with Server(half, other, send(CONTENT)) as server:
        assert fetched(server, tmp_path).read_bytes() == CONTENT


def test_the_beginning_of_another_version_is_dropped(tmp_path):
    old = send(b"x" * 1000, length=len(CONTENT))
    with Server(old, ranged(CONTENT)) as server:
        assert fetched(server, tmp_path).read_bytes() == CONTENT
    assert [headers.get("Range") for _, headers in server.requests] == [None, "bytes=1000-", None]


def test_a_part_that_is_too_long_is_dropped(tmp_path):
    (tmp_path / "a.bin.part").write_bytes(b"x" * 10**5)
    with Server(ranged(CONTENT)) as server:
        url = f"{server.address}/a.bin"
        (tmp_path / "a.bin.part.json").write_text(f'{{"url": "{url}", "validator": null}}')
        assert fetched(server, tmp_path).read_bytes() == CONTENT


def test_a_part_of_another_address_is_not_continued(tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT[:1000])
    (tmp_path / "a.bin.part.json").write_text('{"url": "https://x.org/b", "validator": null}')
    with Server(ranged(CONTENT)) as server:
        assert fetched(server, tmp_path).read_bytes() == CONTENT
    assert "Range" not in server.requests[0][1]


def test_a_swapped_file_is_refused_and_not_kept(tmp_path):
    with Server(send(CONTENT[::-1])) as server:
        with pytest.raises(DownloadError, match=f"a.bin: .*{SHA} was published"):
            fetched(server, tmp_path)
    assert nothing_is_there(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said", "headers"),
    [
        ("a.zip", b"<!DOCTYPE html><p>Sorry", "a web page", {}),
        ("a.bin", b"\n <HTML>Sorry", "a web page", {}),
        ("a.zip", b"Not found", "no .zip file", {}),
        ("a.csv.gz", b"a,b\n1,2\n", "no .gz file", {}),
        ("a.bin", b"", "an empty file", {}),
        ("a.csv", b"Please log in", "web page", {"Content_Type": "text/html; charset=utf-8"}),
        ("a.bin", CONTENT, "encoding 'gzip'", {"Content_Encoding": "gzip"}),
    ],
)
def test_a_page_with_status_200_is_not_the_file(name, content, said, headers, tmp_path):
    with Server(send(content, **headers)) as server:
        with pytest.raises(DownloadError, match=said):
            fetched(server, tmp_path, "", name)
    assert nothing_is_there(tmp_path)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_not_tried_again(status, tmp_path):
    with Server(send(b"no", status)) as server:
        with pytest.raises(DownloadError, match=f"answered {status}"):
            fetched(server, tmp_path)
    assert len(server.requests) == 1 and nothing_is_there(tmp_path)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status, tmp_path):
    with Server(send(status=status, Retry_After="0"), send(CONTENT)) as server:
        assert fetched(server, tmp_path).read_bytes() == CONTENT


def test_no_server_is_one_message(tmp_path):
    with Server(send(CONTENT)) as server:
        pass
    with pytest.raises(DownloadError, match="no connection.*tried 3 times"):
        fetched(server, tmp_path)


def test_a_server_that_stops_sending_is_left(tmp_path):
    def stalls(handler):
        send(CONTENT[:10], length=len(CONTENT))(handler)
        handler.wfile.flush()
        time.sleep(1)

    with Server(stalls) as server:
        with pytest.raises(DownloadError, match="timed out"):
            fetched(server, tmp_path, patience=Patience(timeout=0.2, attempts=2, pause=0.01))


def test_a_server_that_trickles_is_left(tmp_path):
    def trickles(handler):
        send(length=len(CONTENT))(handler)
        for place in range(300):
            handler.wfile.write(CONTENT[place : place + 1])
            handler.wfile.flush()
            time.sleep(0.01)

    slow = Patience(timeout=2.0, slowest=1e6, window=0.1, attempts=1, pause=0.01)
    with Server(trickles) as server:
        with pytest.raises(DownloadError, match="less than 1e.06 bytes a second"):
            fetched(server, tmp_path, patience=slow)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (send(CONTENT, length=10**9), "beyond the limit"),
        (send(CONTENT, length="none"), "sends more than"),
    ],
)
def test_a_file_beyond_the_limit_is_refused(answer, said, tmp_path):
    with Server(answer) as server:
        with pytest.raises(DownloadError, match=said):
            fetched(server, tmp_path, max_bytes=1000)


def test_a_file_without_a_length_ends_with_the_connection(tmp_path):
    with Server(send(CONTENT, length="none")) as server:
        assert fetched(server, tmp_path).read_bytes() == CONTENT


def test_a_server_that_always_cuts_off_is_left_in_the_end(tmp_path):
    places = iter(range(10**6))

    def cuts(handler):
        part = f"bytes {next(places)}-{len(CONTENT) - 1}/{len(CONTENT)}"
        start = len(server.requests) - 1
        left = len(CONTENT) - start
        if start == 0:
            return send(CONTENT[:1], length=left)(handler)
        return send(CONTENT[start : start + 1], 206, length=left, Content_Range=part)(handler)

    with Server(cuts) as server:
        with pytest.raises(DownloadError, match="ended after"):
            fetched(server, tmp_path, patience=Patience(attempts=2, pause=0.0))
    assert 2 < len(server.requests) <= 40


def test_redirects_are_followed_and_not_for_ever(tmp_path):
    with Server(send(status=302, Location="/elsewhere"), send(CONTENT)) as server:
        assert fetched(server, tmp_path).read_bytes() == CONTENT
        assert server.requests[1][0] == "/elsewhere"
    with Server(send(status=302, Location="/a.bin")) as server:
        with pytest.raises(DownloadError, match="302"):
            fetched(server, tmp_path)
    assert len(server.requests) < 15


@pytest.mark.parametrize(
    "address",
    ["http://example.org/a.bin", "file:///etc/passwd", "ftp://127.0.0.1/a", "http://10.0.0.1/a"],
)
def test_a_redirect_to_a_place_without_tls_is_refused(address, tmp_path):
    with Server(send(status=302, Location=address)) as server:
        with pytest.raises(DownloadError, match="not an https:// address|is not allowed"):
            fetched(server, tmp_path)
    assert nothing_is_there(tmp_path)


@pytest.mark.parametrize(
    "address",
    ["http://example.org/a", "ftp://example.org/a", "/etc/passwd", "https://", "https://u:p@x.org/",
     "http://127.0.0.1.example.org/a", "pypi:x"],
)  # fmt: skip
def test_an_address_without_tls_is_no_remote(address):
    with pytest.raises(DownloadError):
        Remote("a.bin", address)


@pytest.mark.parametrize("name", ["", "../a", "a/b", "a\\b", ".a", "a.part", "a" * 200, "a b"])
def test_a_remote_has_a_plain_name(name):
    with pytest.raises(DownloadError, match="cannot be called"):
        Remote(name, "https://example.org/a")


@pytest.fixture
def certificate(tmp_path):
    """A file with a certificate for 127.0.0.1 that no authority has signed, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("needs the program openssl")
    path, key = tmp_path / "own.pem", tmp_path / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    host = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [program, "req", "-x509", *curve, *host, "-keyout", str(key), "-out", str(path)]
    subprocess.run(made, check=True, capture_output=True)
    path.write_text(key.read_text() + path.read_text())
    return path


def test_a_server_that_does_not_prove_who_it_is_is_refused(certificate, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    folder = tmp_path / "folder"
    folder.mkdir()
    with Server(send(CONTENT), context=context) as server:
        with pytest.raises(DownloadError, match="does not prove who it is"):
            fetched(server, folder)
        assert server.requests == [] and nothing_is_there(folder)
        trusted = ssl.create_default_context(cafile=str(certificate))
        remote = Remote("a.bin", f"{server.address}/a.bin", SHA)
        path = download(remote, folder, patience=SOON, context=trusted)
    assert path.read_bytes() == CONTENT
