import ast
import dataclasses
import pathlib

import numpy as np
import pytest

import gtx.encodings
from gtx.data.spec import Categorical, Continuous
from gtx.encodings import (
    EncodingError,
    LaplacianEigenvectors,
    RandomWalk,
    Sinusoidal,
    check_symmetry,
)
from gtx.encodings.base import storage
from gtx.encodings.engine.fingerprint import fingerprint
from tests.encodings.graphs import complete, cycle, irregular, star, union


@dataclasses.dataclass(frozen=True)
class Powers:
    """A pair encoding for the tests: the matrix and its square, of either order of its axes."""

    mixed: bool = False
    name: str = "powers"
    level: str = "pair"
    symmetry: str = "exact"
    version: int = 1

    def columns(self):
        return {("pair", "powers"): Continuous(2)}

    def __call__(self, adjacency, xp=np):
        values = xp.stack([adjacency, adjacency @ adjacency], axis=-1)
        return {("pair", "powers"): values[:, ::-1] if self.mixed else values}


@dataclasses.dataclass(frozen=True)
class Codes:
    """A categorical encoding for the tests: common neighbours and edges of each pair, degrees."""

    offset: int = 0
    size: int = 10
    name: str = "codes"
    level: str = "pair"
    symmetry: str = "exact"
    version: int = 1

    def columns(self):
        return {
            ("pair", "codes"): Categorical((self.size, 3)),
            ("node", "codes_degree"): Categorical((40,)),
        }

    def __call__(self, adjacency, xp=np):
        codes = xp.stack([adjacency @ xp.swapaxes(adjacency, 1, 2), adjacency], axis=-1)
        return {
            ("pair", "codes"): codes.astype(np.int32) + self.offset,
            ("node", "codes_degree"): adjacency.sum(axis=2, keepdims=True).astype(np.int32),
        }


SIMPLE = irregular()[None]
REPEATED = np.stack([cycle(8), complete(8), star(7), union(complete(4), complete(4))])
ENCODINGS = [
    RandomWalk(8),
    LaplacianEigenvectors(4),
    LaplacianEigenvectors(9, "none"),
    LaplacianEigenvectors(8, "rw"),
    LaplacianEigenvectors(20, "sym"),
    Sinusoidal(8),
    Powers(),
    Codes(),
]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
@pytest.mark.parametrize("adjacency", [SIMPLE, REPEATED], ids=["simple", "repeated"])
def test_encodings_have_the_symmetry_that_they_declare(encoding, adjacency):
    for seed in range(3):
        check_symmetry(encoding, adjacency, seed=seed)


@pytest.mark.parametrize("normalization", ["sym", "none"])
def test_eigenvectors_of_a_simple_spectrum_are_unique_up_to_sign_and_no_better(normalization):
    encoding = LaplacianEigenvectors(4, normalization)
    check_symmetry(encoding, SIMPLE, symmetry="up_to_sign")
    with pytest.raises(EncodingError, match="laplacian_vectors.*'exact'"):
        for seed in range(10):
            check_symmetry(encoding, SIMPLE, symmetry="exact", seed=seed)


def test_eigenvectors_of_a_repeated_eigenvalue_are_not_unique_up_to_sign():
    with pytest.raises(EncodingError, match="laplacian_vectors.*'up_to_sign'"):
        check_symmetry(LaplacianEigenvectors(8), REPEATED, symmetry="up_to_sign")


@pytest.mark.parametrize("symmetry", ["exact", "up_to_sign", "up_to_basis"])
def test_an_encoding_of_the_node_order_has_no_symmetry(symmetry):
    with pytest.raises(EncodingError, match="sinusoidal"):
        check_symmetry(Sinusoidal(8), SIMPLE, symmetry=symmetry)


def test_a_wrong_pair_encoding_is_caught():
    with pytest.raises(EncodingError, match="powers"):
        check_symmetry(Powers(mixed=True), SIMPLE)


def test_codes_are_compared_exactly_and_have_no_sign(monkeypatch):
    def signed(self, adjacency, xp=np):
        values = right(self, adjacency, xp)
        return {key: values[key] * (-1) ** int(adjacency[0, 0, 1]) for key in values}

    right = Codes.__call__
    check_symmetry(Codes(), SIMPLE, symmetry="up_to_sign")
    monkeypatch.setattr(Codes, "__call__", signed)
    with pytest.raises(EncodingError, match="pair column 'codes'"):
        for seed in range(10):
            check_symmetry(Codes(), SIMPLE, symmetry="up_to_sign", seed=seed, tolerance=100.0)


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_columns_say_what_the_call_gives(encoding):
    values = encoding(SIMPLE)
    assert values.keys() == encoding.columns().keys()
    lead = dict(node=(1, 9), pair=(1, 9, 9), graph=(1,))
    for key, column in encoding.columns().items():
        assert values[key].shape == (*lead[key[0]], storage(column)[0])


def test_fields_and_version_change_the_fingerprint():
    prints = {fingerprint(encoding) for encoding in ENCODINGS}
    assert len(prints) == len(ENCODINGS)
    assert fingerprint(RandomWalk(8)) == fingerprint(RandomWalk(walk_length=8))
    assert fingerprint(Powers()) != fingerprint(Powers(version=2))


def test_classes_of_one_name_have_fingerprints_of_their_own():
    other = dataclasses.make_dataclass("Powers", [], bases=(Powers,), frozen=True)
    other.__module__ = "elsewhere"
    nested = dataclasses.make_dataclass("Powers", [], bases=(Powers,), frozen=True)
    nested.__module__, nested.__qualname__ = Powers.__module__, "Other.Powers"
    assert len({fingerprint(Powers()), fingerprint(other()), fingerprint(nested())}) == 3


def test_numbers_of_numpy_are_the_same_settings_as_those_of_python():
    assert fingerprint(Codes(size=np.int64(8))) == fingerprint(Codes(size=8))
    sizes = tuple(np.array([0.5, 2.0], np.float32))
    assert fingerprint(Codes(size=sizes)) == fingerprint(Codes(size=(0.5, 2.0)))


def test_what_cannot_be_told_from_others_has_no_fingerprint():
    class Plain:
        name, level, symmetry, version = "plain", "pair", "exact", 1
        columns, __call__ = Powers.columns, Powers.__call__

    with pytest.raises(EncodingError, match="Plain is no dataclass.*frozen dataclass.*cache_dir"):
        fingerprint(Plain())
    with pytest.raises(EncodingError, match="powers: the fields .*cannot be told.*cache_dir"):
        fingerprint(Powers(mixed=object()))


@pytest.mark.parametrize("symmetry", ["exact", "up_to_sign"])
def test_what_is_no_number_has_no_symmetry(monkeypatch, symmetry):
    right = Powers.__call__

    def wrong(self, adjacency, xp=np):
        return {key: values * np.nan for key, values in right(self, adjacency, xp).items()}

    monkeypatch.setattr(Powers, "__call__", wrong)
    with pytest.raises(EncodingError, match="powers"):
        check_symmetry(Powers(), SIMPLE, symmetry=symmetry)


@pytest.mark.parametrize("graph", [0, 1])
def test_vectors_that_are_no_numbers_have_no_symmetry(monkeypatch, graph):
    right = LaplacianEigenvectors.__call__

    def wrong(self, adjacency, xp=np):
        columns = right(self, adjacency, xp)
        columns["node", "laplacian_vectors"][graph] = np.nan
        return columns

    monkeypatch.setattr(LaplacianEigenvectors, "__call__", wrong)
    with pytest.raises(EncodingError, match="laplacian_vectors"):
        check_symmetry(LaplacianEigenvectors(4), np.concatenate([SIMPLE, SIMPLE]))


ROOM = pathlib.Path(gtx.encodings.__file__).parent


@pytest.mark.parametrize("file", sorted([*ROOM.glob("*/*.py"), ROOM / "base.py"]), ids=str)
def test_what_is_below_the_families_imports_none_of_them(file):
    """So that a new family is one file, which nothing else knows."""
    imported = {
        node.module
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gtx.encodings")
    }
    below = ("gtx.encodings.engine.", "gtx.encodings.algebra.", "gtx.encodings.base")
    assert all(name.startswith(below) or name == "gtx.encodings.engine" for name in imported)
