"""Published pickles and torch files become plain data; one that calls a function is refused."""

import base64
import collections
import io
import os
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest
from scipy import sparse

from gtx.data.download import Csr, PickleError, Record, read_pickle, read_torch


def written(path, value, protocol=2):
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_data_are_read_as_they_were_written(protocol, tmp_path):
    graph = collections.defaultdict(list, {1: [2, 3]})
    matrix = sparse.csr_matrix(np.diag([1.0, 0.0, 2.0]))
    arrays = [
        np.arange(6).reshape(2, 3).T, np.array(["a", "bc"]), np.zeros((0, 4), np.int8),
        np.array([True]), np.arange(3, dtype=">i4"), np.float32(0.5),
    ]  # fmt: skip
    content = {"graph": graph, "x": matrix, "arrays": arrays, "rest": ({1.5, None}, b"x", "ä", 7)}
    found = read_pickle(written(tmp_path / "a", content, protocol))
    assert found["graph"] == {1: [2, 3]} and type(found["graph"]) is dict
    assert found["rest"] == content["rest"]
    for one, other in zip(found["arrays"], arrays, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype.newbyteorder("=")
    assert isinstance(found["x"], Csr)
    np.testing.assert_array_equal(found["x"].to_scipy().toarray(), matrix.toarray())


def test_one_object_at_two_places_stays_one(tmp_path):
    array = np.arange(3)
    found = read_pickle(written(tmp_path / "a", [array, [array], (array,)]))
    for other in (found[1][0], found[2][0]):
        np.testing.assert_array_equal(other, [0, 1, 2])


class Calls:
    """An object whose pickle calls a function."""

    def __init__(self, function, *arguments):
        self.how = function, arguments

    def __reduce__(self):
        return self.how


EVIL = {
    "a command": lambda: Calls(os.system, "touch evil"),
    "eval": lambda: Calls(eval, "open('evil', 'w')"),
    "getattr": lambda: Calls(getattr, [], "append"),
    "a file": lambda: Calls(open, "evil", "w"),
    "numpy's loader": lambda: Calls(np.load, "evil"),
    "a class": lambda: Calls(types.SimpleNamespace),
    "a module": lambda: Calls(__import__, "os"),
    "its own globals": lambda: Calls(pickle.loads, b"cos\nsystem\n."),
}


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("kind", EVIL)
def test_a_pickle_that_calls_a_function_is_refused(kind, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "a.pickle", {"x": [EVIL[kind]()]}, protocol)
    for read in (read_pickle, read_torch):
        with pytest.raises(PickleError, match="a.pickle: wants .*which is no data"):
            read(path)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"cnumpy\ndtype.__class__\n.",  # a name with a dot, from protocol 4 on an attribute
        b"\x80\x04\x8c\x05numpy\x94\x8c\x0fdtype.__class__\x94\x93.",
        b"\x80\x02\x82\x01.",  # of the registry of extensions
        b"\x80\x02X\x02\x00\x00\x00osQ.",  # a persistent object
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".",  # bytes that are not there
        b"(" * 100 + b".",
        b"",
        b"\x80\x09.",
    ],
)
def test_a_strange_pickle_is_refused(raw, tmp_path):
    (tmp_path / "a").write_bytes(raw)
    with pytest.raises(PickleError, match="^a: "):
        read_pickle(tmp_path / "a")


def test_what_is_behind_a_pickle_is_not_passed_over(tmp_path):
    (tmp_path / "a").write_bytes(pickle.dumps(1) + b"x")
    with pytest.raises(PickleError, match="goes on after its end"):
        read_pickle(tmp_path / "a")


def array_of(shape, raw, kind="i8"):
    """The pickle of an array whose parts need not agree."""
    multiarray = sys.modules[np.array(1).__reduce__()[0].__module__]
    dtype = Calls(np.dtype, kind, False, True)
    state = (1, shape, dtype, False, raw)

    class Array:
        def __reduce__(self):
            return multiarray._reconstruct, (np.ndarray, (0,), b"b"), state

    return Array()


@pytest.mark.parametrize(
    ("shape", "raw", "kind"),
    [
        ((3,), bytes(23), "i8"),
        ((2**40,), b"", "i8"),
        ((-1,), b"", "i8"),
        ((1,), [None, None], "O8"),
        ((1,) * 33, bytes(8), "i8"),
        (("x",), bytes(8), "i8"),
        ((1,), bytes(8), "V8"),
        ((1,), bytes(8), "i8,i8"),
    ],
)
def test_an_array_that_does_not_agree_with_itself_is_refused(shape, raw, kind, tmp_path):
    path = written(tmp_path / "a", array_of(shape, raw, kind))
    with pytest.raises(PickleError, match=r"^.*(array|dtype).*\.$"):
        read_pickle(path)


def test_an_index_outside_of_a_sparse_matrix_is_refused(tmp_path):
    matrix = sparse.csr_matrix(np.eye(2))
    matrix.indices[1] = 7
    found = read_pickle(written(tmp_path / "a", matrix))
    with pytest.raises(PickleError, match="not valid"):
        found.to_scipy()


@pytest.mark.parametrize("place", range(0, 180, 7))
def test_damage_is_one_error(place, tmp_path):
    raw = bytearray(pickle.dumps({"x": np.arange(3), "y": sparse.csr_matrix(np.eye(2))}, 2))
    raw[place] ^= 0x5B
    (tmp_path / "a").write_bytes(raw)
    try:
        read_pickle(tmp_path / "a")
    except PickleError as error:
        assert str(error).endswith(".")


# torch.save({"x": torch.arange(6).reshape(2, 3).T, "y": [torch.tensor([0.5, 1.5])]}), in the form
# of today and in that before 1.6; and a pickle of [torch.arange(3)].
OLD = (
    "fC7pNZ2X)?`5<bjP#G?O0!`@yE`S1kaR4Y-5C8xGaB^>SZ)0z4Uv_13b7^mGaRE)~16U0J003-hbaZTGUuAA&X<=@0"
    "0*F`&0001Vd2nT4b7^{Ib8!QGaRew>1poj5b7*gJba4es0$2k8003!jba4ht1Xu(B003-nZf9`^O9XXwE`S1kaR4Y-"
    "0RR91cyR$^bZ>HFXf9uMbZKmJ3SV+%Vs&Y3WM6b;ZgX#PUv@GIaRMkPSO)+A0CRM2a$#p>aRXy?Z*pU33QTWqXH#@<"
    "a$#p>3ULHj4gdfEIW#jlHaIghIXO8vH!^VrSOWk60Ap}<aRy5UPIPexQA+?z14{yiaR^HRO9O^+35jE4Z)|L3V{~b6"
    "ZgUDxa%5$4Wn@HYV{{5}3Mo=?3v_V|QgIDf0RR91d2tS1aSvz$C@5$HV{~tFV`vISY;R$7Q*>`~VP|CuaS&Jz0000v"
    "G&4CiI5RaeGch(cG;tAV21^1?ba4_<O8`p(g>e&00fliCiD(KbQgIb@aTZc>7h!cSfC61{04P`v0000vG&4CiI5RXk"
    "IXO5tGI0S|4gdfEIW#jlHaIgiGBYtYHZ*YpWiAE)000000000000000000310000000062000000009300000000C4"
    "00000000F50000000062000000000006zc#z&`"
)
TODAY = (
    "P)h>@6aWAK00000App=|6(;up008#@000mG003cfV`yo1WiMo5bYU)VYixi5eQ^LNSOEY40C;f$V{~tFV`wg4b#!TL"
    "a|&N_Wny({Y-C?_Wo~nCa$j~b3ULA`C|Cyo0047zZ*pO0WpM*zbZ>HFXbMbkZf8?;Z*pO0WeRZwSOEY405EX{SOWk6"
    "0Ap}<aRy5Uba4k!O8`p)O9F;*2ulG=1BP)4iDP4LY;0v?bZKvHa|%y#WMy(?WJGCWbP90_DN=C@ba4z)aSd1j0001a"
    "aSmN^4`>1?C};y?bZ>HFXbMJbZ((#(bZ>HDXJra;5Lf{K001#@5oiWW0(5Z_QA+?z0)=rCO96#(6p3gGDN=D2ba56^"
    "aTj5AE>KGY1QY-O0000003iUk@7#j{000010000N0001Ca${&|c4aRvW^ZzBVRT=1WpZ<AZ*DPAO9KQH000000000X"
    "06%we=>h-%00IC202%-Q0AX@tXlZt3FD`R*Z*pO0WnW=zX=iS2Wo~pfG*C+e1QY-O0000003iT{J>wY$000060000H"
    "0001Ca${&|c4aSOd30rOa%5$4Y-x0KY-LbO0|XQR00000001EX49CWyFaQ7mFaQ7m4gdfEVRB<=X?A5VWMOn+FE9WA"
    "00000000310000000062000000009300000000C400000000F500000002-+0|XQR00000001EXO$yID2mk;82mk;8"
    "4gdfEVRB<=X?A5VWMOn+FEIcB06zc#z&}t+0|XQR00000001EX(Vk~j0ssI20ssI24*&oFVRB<=X?A5Vc4cyNX>V>b"
    "3Q$V}1QY-O0000003iTKOzhVv0000e0000U0001Ca${&|c4aRvWMOn+FLPybX<=+>dSP^FZ*E^{WH2>0F)=VWH8L|c"
    "F*!CjFf}qcG%+wZH8nFhF)}qaG&ndjFfcPVH&9Cf0u%!j000000000X0MK9+CiegU0QUd@01yBG00000000000Du7i"
    "0001Ca${&|c4aSQVRT_GaBFN(O928D0~7!N0000003iUk@7#j{000010000N00000000000001h0VM$d0AX@tXlZt3"
    "FD_<pa&2LBUv_13b7^mGP)h*<6ay3h00000001EXKX-BI0ssI20ssI28UO$Q0000000000fB{<p003cfV`yo1WiKvs"
    "bZ>HDXJubuY-wk1ZDnqBP)h*<6ay3h00000001EXg+1dL1^@s61^@s65dZ)H0000000000fB}^O003cfV`yo1WiMiR"
    "bY*XHWMy(tO928D0~7!N0000003iSj$Ht*B0000m0000E00000000000001h0m=aY0AX@tXlZt3FJxhKVJ|RHO928D"
    "0~7!N0000003iTP3eP(T000080000E00000000000001h0VV<f0AX@tXlZt3FJxhKVJ|UIO928D0~7!N0000003iU;"
    "o@Z48000020000F00000000000001h0a^k80AX@tXlZt3FLq^eb7^mGP)h*<6ay3h00000001EXNKEY4C;$KeC;$Ke"
    "9smFU0000000000fB}gD003cfV`yo1WiKvdVRT_Hb7gXAVQgu7VRUJ4ZeM9+P)h{{000002mlBG3jzQD?E(M*000"
)
PLAIN = (
    "fC61{0AqA-a${&NUv+e8Y;y`<a%Ez5X>4R)bY*UHZ*pIDG7514C}VVQa${&Nb98TVVP|CuUu<t-WM5`-Z*5;<d30rS"
    "3ULBsUt@1%Wn*&+Wo~0{WMv9*16Usc006>(0>X+4Y{R_5oJPaBAZo&>P#G@5fC5d!sRJ&;fC7DS04P`x0001Ra&L5R"
    "V{dF<c4cyNX>V?E0ZqfH16U0J003-hbaZTGUuAA&X<=@00>X$`3IG5Aba`-PUvp`CWpi-@eQ^XRSOow80CQ+>a&&P8"
    "O9EH}0001KZgg=5O9WU10001NZ*FIC2TKHXbuPky0w`Dq0001UbZ>HDXJv5!V{~tFV`vIYZ*FH(bZ>HDXJra;0ay+I"
    "0022OGdVUmGc__XH#a#laROKa0001EaCLD5O9M`HaRgB=!hix@aR68j0000vG&4CiI5RaeF*i3kGI0T6E&~7n00000"
    "0000000000009610000000IC2000000C5CZ1^@s6Y+-b1ZZUBMhH(Z`aR-HQ2vTtgO8`p)g>ec?0fli3iDP4LY;0v?"
    "bZKvHa|%y#WMy(?WJGCWbP90{DN=C_ba4(+aSvfG"
)


@pytest.mark.parametrize("raw", [OLD, TODAY])
def test_tensors_become_arrays_without_torch(raw, tmp_path):
    (tmp_path / "a.pt").write_bytes(base64.b85decode(raw))
    found = read_torch(tmp_path / "a.pt")
    np.testing.assert_array_equal(found["x"], [[0, 3], [1, 4], [2, 5]])
    assert found["x"].dtype == np.int64
    np.testing.assert_array_equal(found["y"][0], np.float32([0.5, 1.5]))


def test_tensors_in_a_plain_pickle_become_arrays(tmp_path):
    (tmp_path / "a.pickle").write_bytes(base64.b85decode(PLAIN))
    np.testing.assert_array_equal(read_torch(tmp_path / "a.pickle")[0], [0, 1, 2])


@pytest.mark.parametrize("raw", [OLD, TODAY, PLAIN])
def test_a_damaged_torch_file_is_one_error(raw, tmp_path):
    content = base64.b85decode(raw)
    for place in range(0, len(content), 11):
        changed = bytearray(content)
        changed[place] ^= 0x13
        (tmp_path / "a").write_bytes(changed)
        try:
            read_torch(tmp_path / "a")
        except PickleError as error:
            assert str(error).endswith(".")
    for kept in range(0, len(content) - 1, 23):
        (tmp_path / "a").write_bytes(content[:kept])
        with pytest.raises(PickleError):
            read_torch(tmp_path / "a")


def torch_file(path, shape, stride, offset=0, size=4, stored=32):
    """A file of torch.save with one tensor whose numbers need not agree."""
    raw = io.BytesIO()

    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    def numbers(values):
        return b"(" + b"".join(b"J" + struct.pack("<i", value) for value in values) + b"t"

    raw.write(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(")
    raw.write(b"(" + text("storage") + b"ctorch\nLongStorage\n" + text("0") + text("cpu"))
    raw.write(b"J" + struct.pack("<i", size) + b"tQ" + b"J" + struct.pack("<i", offset))
    raw.write(numbers(shape) + numbers(stride) + b"\x89ccollections\nOrderedDict\n)RtR.")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", raw.getvalue())
        archive.writestr("a/data/0", struct.pack("<4q", 1, 2, 3, 4)[:stored])
    return path


def test_a_tensor_is_a_view_of_its_storage(tmp_path):
    found = read_torch(torch_file(tmp_path / "a", (2, 2), (1, 2)))
    np.testing.assert_array_equal(found, [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (dict(shape=(5,), stride=(1,)), "beyond its storage"),
        (dict(shape=(2,), stride=(1,), offset=3), "beyond its storage"),
        (dict(shape=(2, 2), stride=(2**30, 1)), "beyond its storage"),
        (dict(shape=(-1,), stride=(1,)), "no number"),
        (dict(shape=(2,), stride=(-1,), offset=1), "no number"),
        (dict(shape=(2**20, 2**20), stride=(0, 0)), "at 1099511627776 places"),
        (dict(shape=(2,), stride=(1, 1)), "no storage"),
        (dict(shape=(2,), stride=(1,), stored=24), "cut short"),
        (dict(shape=(2,), stride=(1,), size=2**30), "cut short"),
    ],
)
def test_a_tensor_that_does_not_fit_its_storage_is_refused(fields, said, tmp_path):
    with pytest.raises(PickleError, match=said):
        read_torch(torch_file(tmp_path / "a", **fields))


def test_a_record_tells_its_class(tmp_path):
    raw = b"\x80\x02ctorch_geometric.data.data\nData\n)\x81}X\x01\x00\x00\x00xK\x01sb."
    (tmp_path / "a").write_bytes(raw)
    found = read_torch(tmp_path / "a")
    assert isinstance(found, Record) and found.kind == "Data" and found.fields == {"x": 1}
