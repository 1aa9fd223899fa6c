"""Hostile archives: nothing appears outside of the folder, and nothing of them inside of it."""

import bz2
import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib

import pytest

from gtx.data.download import ArchiveError, extract

GOOD = {"a/b.txt": b"one", "a/c/d.txt": b"", "e.bin": bytes(range(256)) * 40}


def zipped(path, members=GOOD, method=zipfile.ZIP_DEFLATED):
    """A zip of names, or of ready ZipInfos, with their content."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return path


def tarred(path, members=GOOD, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if not info.size:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def refused(archive, tmp_path, said, **limits):
    """The archive is refused, and leaves no trace."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArchiveError, match=said) as error:
        extract(archive, tmp_path / "in" / "out", **limits)
    assert archive.name in str(error.value) and str(error.value).endswith(".")
    (tmp_path / "in").rmdir()  # it is empty
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_the_files_of_an_archive_are_unpacked(ending, tmp_path):
    path = tmp_path / f"good.{ending}"
    if ending == "zip":
        zipped(path)
    else:
        tarred(path, mode=f"w:{ending.removeprefix('tar').removeprefix('.')}")
    found = extract(path, tmp_path / "out")
    assert {str(file.relative_to(tmp_path / "out")): file.read_bytes() for file in found} == GOOD
    with pytest.raises(ArchiveError, match="exists"):
        extract(path, tmp_path / "out")


def test_only_what_is_wanted_is_unpacked(tmp_path):
    for path in (zipped(tmp_path / "a.zip"), tarred(tmp_path / "a.tar.gz")):
        folder = tmp_path / path.name.replace(".", "_")
        assert [file.name for file in extract(path, folder, wanted=lambda n: n == "e.bin")] == [
            "e.bin"
        ]


# The names that no archive of data has, and what is said of them.
NAMES = {
    "above": ("../evil.txt", "holds '..'"),
    "above inside": ("a/../../evil.txt", "holds '..'"),
    "absolute": ("/tmp/evil.txt", "absolute"),
    "drive": ("C:/evil.txt", "character"),
    "backslash": ("..\\evil.txt", "character"),
    "two slashes": ("a//evil.txt", "two slashes"),
    "a dot inside": ("a/./evil.txt", r"holds '\.'"),
    "device": ("a/NUL.txt", "device"),
    "stream": ("evil.txt:hidden", "character"),
    "trailing dot": ("evil.txt.", "dot"),
    "trailing space": ("evil.txt ", "space"),
    "newline": ("evil\n.txt", "cannot be seen"),
    "turned around": ("evil\u202etxt.exe", "cannot be seen"),
    "a folder beside": ("../out-evil/evil.txt", "holds '..'"),
    "home": ("~/../evil.txt", "holds '..'"),
    "a null width space": ("evil\u200b.txt", "cannot be seen"),
    "long part": ("e" * 256, "too long"),
    "long path": ("/".join(["e" * 100] * 12), "too long"),
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("packed", [zipped, tarred])
def test_a_name_that_leaves_the_folder_or_hides_is_refused(packed, kind, tmp_path):
    name, said = NAMES[kind]
    path = tmp_path / ("a.zip" if packed is zipped else "a.tar.gz")
    refused(packed(path, [("good.txt", b"1"), (name, b"2")]), tmp_path, said)


SETS = {
    "twice": (["a.txt", "a.txt"], "another member has the name"),
    "case": (["a/b.txt", "a/B.txt"], "another"),
    "case of a folder": (["a/b.txt", "A/c.txt"], "another spelling"),
    "accents": (["\u00e9.txt", "e\u0301.txt"], "another"),
    "file and folder": (["a", "a/b.txt"], "a file and a folder"),
    "folder and file": (["a/b.txt", "a"], "a file and a folder"),
}


@pytest.mark.parametrize("kind", SETS)
@pytest.mark.parametrize("packed", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_some_systems_cannot_tell_apart_are_refused(packed, kind, tmp_path):
    names, said = SETS[kind]
    path = tmp_path / ("a.zip" if packed is zipped else "a.tar.gz")
    refused(packed(path, [(name, b"1") for name in names]), tmp_path, said)


@pytest.mark.parametrize(
    "kind", ["SYMTYPE", "LNKTYPE", "CHRTYPE", "BLKTYPE", "FIFOTYPE", "GNUTYPE_SPARSE"]
)
def test_a_link_or_device_in_a_tar_is_refused(kind, tmp_path):
    info = tarfile.TarInfo("evil")
    info.type = getattr(tarfile, kind)
    info.linkname = "../../etc/passwd"
    refused(tarred(tmp_path / "a.tar", [(info, b"")], "w"), tmp_path, "link, a device|damaged")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_a_link_or_device_in_a_zip_is_refused(kind, tmp_path):
    info = zipfile.ZipInfo("evil")
    info.external_attr = (kind | 0o777) << 16
    refused(zipped(tmp_path / "a.zip", [(info, b"/etc/passwd")]), tmp_path, "link or a device")


def test_a_file_behind_a_link_is_refused(tmp_path):
    link = tarfile.TarInfo("data")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    members = [(link, b""), ("data/evil.txt", b"1")]
    refused(tarred(tmp_path / "a.tar.gz", members), tmp_path, "link, a device")


def test_a_name_that_another_header_replaces_is_the_one_that_is_checked(tmp_path):
    info = tarfile.TarInfo("good.txt")
    info.pax_headers = {"path": "../evil.txt"}
    refused(tarred(tmp_path / "a.tar.gz", [(info, b"1")]), tmp_path, r"holds '\.\.'")


def test_a_member_whose_own_name_is_another_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"abcd.txt": b"1"}, zipfile.ZIP_STORED)
    refused(patched(path, b"abcd", b"../x"), tmp_path, "damaged")


def test_a_name_with_a_nul_is_refused(tmp_path):
    path = patched(zipped(tmp_path / "a.zip", {"evil_.png": b"1"}), b"evil_", b"evil\0")
    refused(patched(path, b"evil_", b"evil\0"), tmp_path, "cannot be seen")


def test_a_folder_with_content_is_refused(tmp_path):
    info = zipfile.ZipInfo("a/")
    info.external_attr = (stat.S_IFDIR | 0o777) << 16
    path = patched(zipped(tmp_path / "a.zip", [("a_", b"12345")]), b"a_", b"a/")
    refused(patched(path, b"a_", b"a/"), tmp_path, "folder with content")


def test_rights_of_members_are_not_taken(tmp_path):
    info = zipfile.ZipInfo("run.sh")
    info.external_attr = (stat.S_IFREG | stat.S_ISUID | 0o777) << 16
    tar = tarfile.TarInfo("run.sh")
    tar.mode, tar.uid = stat.S_ISUID | 0o777, 0
    for path in (
        zipped(tmp_path / "a.zip", [(info, b"1")]),
        tarred(tmp_path / "a.tar", [(tar, b"1")], "w"),
    ):
        (file,) = extract(path, tmp_path / f"out_{path.suffix}")
        assert not file.stat().st_mode & (stat.S_ISUID | stat.S_IXUSR)


def test_an_archive_inside_of_an_archive_is_a_file(tmp_path):
    inner = zipped(tmp_path / "inner.zip", {"../evil.txt": b"1"}).read_bytes()
    (file,) = extract(zipped(tmp_path / "a.zip", {"inner.zip": inner}), tmp_path / "out")
    assert file.read_bytes() == inner and not (tmp_path / "evil.txt").exists()


def test_what_unpacks_to_more_than_the_limit_is_refused(tmp_path):
    big = [("a.bin", bytes(10**6)), ("b.bin", bytes(10**6))]
    for path in (zipped(tmp_path / "a.zip", big), tarred(tmp_path / "a.tar.gz", big)):
        refused(path, tmp_path, "more than 1,500,000 bytes", max_bytes=1_500_000)


def test_too_many_members_are_refused(tmp_path):
    many = [(f"{place}.txt", b"") for place in range(20)]
    for path in (zipped(tmp_path / "a.zip", many), tarred(tmp_path / "a.tar.gz", many)):
        refused(path, tmp_path, "more than 19 members", max_files=19)


def patched(path, find, put, which=0):
    """The archive with some bytes replaced, where they stand for the `which`-th time."""
    content = bytearray(path.read_bytes())
    place = -1
    for _ in range(which + 1):
        place = content.index(find, place + 1)
    content[place : place + len(put)] = put
    path.write_bytes(content)
    return path


def directory(path, offset, put):
    """A zip with some bytes of the first entry of its directory replaced."""
    place = path.read_bytes().index(b"PK\x01\x02")
    content = bytearray(path.read_bytes())
    content[place + offset : place + offset + len(put)] = put
    path.write_bytes(content)
    return path


ONE = {"a.bin": b"0123456789" * 300}


def test_a_member_that_is_larger_than_promised_is_refused(tmp_path):
    path = directory(zipped(tmp_path / "a.zip", ONE), 24, struct.pack("<I", 5))
    refused(path, tmp_path, "bytes or more, and 5 were promised|damaged")


def test_a_member_that_is_smaller_than_promised_is_refused(tmp_path):
    path = directory(zipped(tmp_path / "a.zip", ONE), 24, struct.pack("<I", 5000))
    refused(path, tmp_path, "5,000 were promised|damaged")


def test_a_promise_that_no_compression_keeps_is_refused(tmp_path):
    path = directory(zipped(tmp_path / "a.zip", ONE), 24, struct.pack("<I", 2**31))
    refused(path, tmp_path, "cannot be as small")


def test_a_wrong_checksum_is_refused(tmp_path):
    crc = struct.pack("<I", zlib.crc32(ONE["a.bin"]))
    path = patched(zipped(tmp_path / "a.zip", ONE), crc, b"abcd", which=1)
    refused(path, tmp_path, "damaged")
    path = zipped(tmp_path / "b.zip", ONE, zipfile.ZIP_STORED)
    refused(patched(path, b"0123456789", b"x"), tmp_path, "damaged")


def test_an_encrypted_member_is_refused(tmp_path):
    refused(directory(zipped(tmp_path / "a.zip", ONE), 8, b"\x01"), tmp_path, "encrypted")


def test_an_unknown_compression_is_refused(tmp_path):
    refused(directory(zipped(tmp_path / "a.zip", ONE), 10, b"\x63"), tmp_path, "compression 99")


def test_members_inside_each_other_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.bin": bytes(5000), "b.bin": bytes(5000)})
    content = bytearray(path.read_bytes())
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    content[second + 42 : second + 46] = bytes(4)  # where the first begins
    path.write_bytes(content)
    refused(path, tmp_path, "inside another|damaged")


def test_a_directory_that_lost_members_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.txt": b"1", "b.txt": b"2"})
    content = bytearray(path.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    content[end + 8 : end + 12] = struct.pack("<HH", 3, 3)
    path.write_bytes(content)
    refused(path, tmp_path, "promises 3 members|damaged")


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    path = patched(zipped(tmp_path / "a.zip", {"abcd.txt": b"1"}), b"abcd", b"\xff\xfe\xfd\xfc")
    content = path.read_bytes().replace(b"abcd", b"\xff\xfe\xfd\xfc")
    path.write_bytes(content)
    refused(path, tmp_path, "not UTF-8")
    with tarfile.open(
        tmp_path / "a.tar", "w", format=tarfile.USTAR_FORMAT, encoding="latin1"
    ) as archive:
        archive.addfile(tarfile.TarInfo("\xff\xfe.txt"))
    refused(tmp_path / "a.tar", tmp_path, "not UTF-8")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_truncated_archive_is_refused(ending, kept, tmp_path):
    path, many = tmp_path / f"a.{ending}", {f"{n}.bin": bytes(range(256)) * 40 for n in range(5)}
    if ending == "zip":
        zipped(path, many, zipfile.ZIP_STORED)
    else:
        tarred(path, many, f"w:{ending.removeprefix('tar').removeprefix('.')}")
    content = path.read_bytes()
    if ending == "tar":  # behind the last member a tar has nothing but zeros
        content = content[: 5 * (512 + 10240)]
    path.write_bytes(content[: int(kept * len(content))])
    refused(path, tmp_path, "damaged|no archive|no end")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x05\x06", b"\x1f\x8b", b"nothing", bytes(9999)]
)
def test_what_is_no_archive_is_refused(content, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    refused(path, tmp_path, "damaged|no archive|nothing")


def test_damage_behind_the_last_member_of_a_compressed_tar_is_seen(tmp_path):
    path = tarred(tmp_path / "a.tar", mode="w")
    for name, packer in (("a.tar.gz", gzip.compress), ("a.tar.bz2", bz2.compress)):
        content = bytearray(packer(path.read_bytes()))
        content[-6] ^= 0xFF
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, tmp_path, "damaged")


def test_any_byte_may_be_wrong(tmp_path):
    """Whatever is damaged, the archive is refused or its files are those that were packed."""
    path = zipped(tmp_path / "a.zip", {"a.txt": b"one", "b/c.txt": b"two"})
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        changed = bytearray(content)
        changed[place] ^= 0x41
        path.write_bytes(changed)
        try:
            found = extract(path, tmp_path / "out" / str(place))
        except ArchiveError:
            continue
        assert sorted(file.read_bytes() for file in found) in ([b"one", b"two"], [b"one"], [b"two"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "out"]
