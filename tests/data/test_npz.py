"""Files of arrays: what was written comes back, or an NpzError, in the memory agreed to."""

import io
import multiprocessing
import os
import resource
import signal
import stat
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gtx.data import npz
from tests.damage import damaged


def read(path, *names):
    with path.open("rb") as stream:
        archive = npz.Archive(path, stream)
        return {name: archive.read(name) for name in names or archive.names}


def written(path, compressed=False, **content):
    npz.write(path, content, compressed=compressed)
    return path


DTYPES = st.sampled_from(["?", "i1", "u2", ">i4", "<i8", "u8", "f2", ">f4", "f8", "<U3", ">U2"])
TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@settings(max_examples=60, deadline=None)
@given(st.data(), DTYPES, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0), st.booleans())
def test_arrays_come_back(tmp_path_factory, data, dtype, shape, fortran):
    elements = st.text(TEXT, max_size=2) if "U" in dtype else None
    array = data.draw(arrays.arrays(np.dtype(dtype), shape, elements=elements))
    array = np.asfortranarray(array) if fortran else array
    path = written(tmp_path_factory.mktemp("npz") / "a.npz", compressed=fortran, a=array)
    found = read(path)["a"]
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype.newbyteorder("=") and found.flags.writeable
    with np.load(path) as numpys:
        np.testing.assert_array_equal(numpys["a"], array)


def member(header, data=b"", version=b"\x01\x00", length=None):
    length = len(header) if length is None else length
    return b"\x93NUMPY" + version + length.to_bytes(2, "little") + header + data


def zipped(path, compress=zipfile.ZIP_DEFLATED, **members):
    with zipfile.ZipFile(path, "w", compress) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def header(descr="'<i4'", order="False", shape="(2,)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()


EIGHT = bytes(range(8))
FORGED = {
    "objects": (member(header("'|O'"), EIGHT), "pickled objects, which are refused"),
    "a table": (member(header("[('a', '<i4')]"), EIGHT), "damaged, or that of a table"),
    "a date": (member(header("'<M8[D]'"), EIGHT), "no number and no text"),
    "complex": (member(header("'<c8'", shape="(1,)"), EIGHT), "no number and no text"),
    "void": (member(header("'|V4'"), EIGHT), "no number and no text"),
    "text of no length": (member(header("'<U0'", shape=f"({10**18},)")), "no number and no text"),
    "huge text": (member(header(f"'<U{10**9}'"), EIGHT), "no number and no text"),
    "code": (member(header("__import__('os')"), EIGHT), "header is damaged"),
    "nested": (member(b"(" * 1000, EIGHT), "header is damaged"),
    "shape of a float": (member(header(shape="(2.0,)"), EIGHT), "header is damaged"),
    "negative shape": (member(header(shape="(-2,)"), EIGHT), "header is damaged"),
    "shape of many digits": (member(header(shape=f"({'9' * 499},)"), EIGHT), "promises"),
    "shape of gaps": (member(header(shape="(1 2,)"), EIGHT), "invalid literal"),
    "many axes": (member(header(shape=f"({'1,' * 33})"), EIGHT[:4]), "33 axes"),
    "too large": (member(header(shape=f"({2**40},)"), EIGHT), "promises 4398046511"),
    "too small": (member(header(shape="(1,)"), EIGHT), "promises"),
    "no order": (member(header(order="None"), EIGHT), "header is damaged"),
    "version 3": (member(header(), EIGHT, b"\x03\x00"), "format 1 or 2"),
    "no array": (b"text", "no array"),
    "nothing": (b"", "no array"),
    "header beyond the end": (member(header(), length=60_000), "header is damaged"),
    "text beyond unicode": (member(header("'<U1'", shape="(2,)"), b"\xff" * 8), "no characters"),
    "half a character": (member(header("'<U1'", shape="(1,)"), b"\0\xd8\0\0"), "no characters"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_only_looks_like_an_array_is_refused(tmp_path, case):
    content, message = FORGED[case]
    with pytest.raises(npz.NpzError, match=message):
        read(zipped(tmp_path / "a.npz", a=content))


def test_headers_as_others_write_them_are_read(tmp_path):
    spaced = b"{ 'descr':'<i4','fortran_order':True , 'shape':(1, 2) }"
    long = member(b"", EIGHT, b"\x02\x00")[:8] + (60).to_bytes(4, "little") + spaced.ljust(60)
    path = zipped(tmp_path / "a.npz", a=member(spaced, EIGHT), b=long + EIGHT)
    expected = np.frombuffer(EIGHT, "<i4").reshape(1, 2)
    for array in read(path).values():  # the numbers of `a` lie askew
        np.testing.assert_array_equal(array, expected)
        assert array.flags.aligned


def patched(content, mark, offset, value, width=4):
    place = content.index(mark) + offset
    return content[:place] + value.to_bytes(width, "little") + content[place + width :]


@pytest.mark.parametrize("stored", [True, False])
def test_no_memory_is_taken_for_what_a_file_only_promises(tmp_path, stored):
    big = member(header(shape=f"({2**29},)"))
    packed = zipped(
        tmp_path / "a.npz", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED, a=big
    )
    content = patched(packed.read_bytes(), b"PK\x01\x02", 24, 2**31 + len(big))
    if stored:
        content = patched(content, b"PK\x01\x02", 20, 2**31 + len(big))
    packed.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(npz.NpzError, match=r"2147\d+ bytes cannot come from|Overlapped"):
            read(packed)
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_damage_is_found_or_does_no_harm(tmp_path):
    _fuzz(tmp_path, 300)


@pytest.mark.slow
def test_much_damage_is_found_or_does_no_harm(tmp_path):
    _fuzz(tmp_path, 20_000)


def _fuzz(tmp_path, count):
    rng = np.random.default_rng(0)
    content = dict(a=rng.normal(size=(40, 3)), b=np.arange(7), c=np.array(["CC", "O"]))
    # A member larger than what is read at once, which is where a checksum comes late.
    path, found = tmp_path / "a.npz", 0
    for compressed in (False, True):
        written(path, compressed, **content)
        sound = path.read_bytes()
        for _ in range(count // 2):
            path.write_bytes(damaged(sound, rng))
            try:
                arrays = read(path)
            except npz.NpzError:
                found += 1
                continue
            for name, array in content.items():
                np.testing.assert_array_equal(arrays[name], array)
    assert found > count / 2


def test_a_flipped_header_of_a_large_member_is_found(tmp_path):
    array = np.arange(3 * npz._CHUNK // 8)
    path = written(tmp_path / "a.npz", a=array)
    sound = path.read_bytes()
    start = sound.index(b"NUMPY")
    for place in range(start, start + 90):
        for bit in (0, 4):
            flipped = sound[place] ^ (1 << bit)
            path.write_bytes(sound[:place] + bytes([flipped]) + sound[place + 1 :])
            with pytest.raises(npz.NpzError):
                read(path)
            if place % 10:
                break


def test_members_that_a_directory_forgets_or_repeats_are_missed(tmp_path):
    path = written(tmp_path / "a.npz", a=np.arange(3), b=np.arange(4))
    sound = path.read_bytes()
    # As if the rest of the directory were a remark on its first member.
    path.write_bytes(patched(sound, b"PK\x01\x02", 32, len(sound) - sound.rindex(b"PK\x01\x02"), 2))
    with pytest.raises(npz.NpzError, match="its directory cannot be read"):
        read(path)
    name = sound.rindex(b"b.npy")
    path.write_bytes(sound[:name] + b"c" + sound[name + 1 :])
    with pytest.raises(npz.NpzError, match="its directory cannot be read.*differ"):
        read(path)
    path.write_bytes(sound[:name] + b"a" + sound[name + 1 :])
    with pytest.raises(npz.NpzError, match="not all different"):
        read(path)
    end = sound.rindex(b"PK\x05\x06") + 6
    path.write_bytes(sound[:end] + bytes(len(sound) - end))
    with pytest.raises(npz.NpzError, match="those that it counts"):
        read(path)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(npz.MAX_MEMBERS + 1):
            archive.writestr(f"{number}.npy", b"")
    path.write_bytes(many.getvalue())
    with pytest.raises(npz.NpzError, match="those that it counts"):
        read(path)


def test_a_missing_member_and_a_missing_file(tmp_path):
    path = written(tmp_path / "a.npz", a=np.arange(3))
    with pytest.raises(npz.NpzError, match="member 'b' cannot be read .it is not there"):
        read(path, "b")
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "b.npz")


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = written(tmp_path / "a.npz", a=np.arange(3))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        for compressed in (False, True):
            values = np.random.default_rng(0).normal(size=50_000)
            with pytest.raises(OSError, match="File too large"):
                written(path, compressed, a=values, b=values)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert read(path)["a"].tolist() == [0, 1, 2]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]


def test_files_may_be_read_by_whomever_the_umask_lets(tmp_path):
    before = os.umask(0o022)
    try:
        path = written(tmp_path / "a.npz", a=np.arange(3))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def _write_slowly(folder, ready):
    stream, _ = npz._partial(folder)
    stream.write(b"half")
    stream.flush()
    ready.set()
    signal.pause()


def test_what_a_killed_writer_left_is_removed_and_what_a_live_one_writes_is_not(tmp_path):
    (tmp_path / "mine.partial").write_bytes(b"of another program")
    (tmp_path / f"rwse-0.{'0' * 32}.partial").write_bytes(b"of an older version")
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    writer = context.Process(target=_write_slowly, args=(tmp_path, ready))
    writer.start()
    assert ready.wait(60)
    npz.remove_abandoned(tmp_path)
    assert len(list(tmp_path.glob("*.partial"))) == 2
    writer.kill()
    writer.join()
    npz.remove_abandoned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.partial"]
