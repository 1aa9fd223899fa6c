"""The atoms and bonds of many molecules of RDKit as arrays, with one call of RDKit for each.

To ask RDKit from Python for each property of each atom takes longer than to parse the SMILES.
`Mol.ToBinary` gives all of them in one call. Its form is that of `MolPickler` in RDKit: a record of
some bytes for each atom, bond and ring, whose length depends on a few flags. The records of all
molecules are found together, the first ones of all, then the second ones, and their numbers are
read by numpy.

The form belongs to RDKit's version. A molecule whose bytes are not as expected from the first to
the last is read by calls for each atom and bond, with the same result. So are molecules of more
than 255 atoms, and those with query atoms, dummy atoms or residues of proteins.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from gtx.data.columns import offsets
from gtx.data.smiles import rdkit

# RDKit's numbers of each atom: atomic number, chiral tag, degree with hydrogens, formal charge,
# hydrogens, radical electrons, hybridisation, aromatic, in a ring. Of each bond: type, stereo,
# conjugated.
NUM_ATOM_VALUES, NUM_BOND_VALUES = 9, 3

_MARK = (0xDEADBEEF).to_bytes(4, "little") + bytes(4)  # how bytes of RDKit begin
_VERSIONS = ((16, 2), (16, 3))  # major and minor, of which the form is known
_HEADER = 30  # bytes before the first atom
_LONGEST = 2**8  # more bytes than the longest record of an atom, bond or ring needs
_ATOMS, _BONDS, _END = 1, 11, 22  # tags of the sections
_RINGS = (20, 65, 66, 67)  # tags of the rings, by the way in which they were found
_SP3 = 4


@dataclasses.dataclass(frozen=True)
class MoleculeArrays:
    """Atoms and bonds of several molecules, one molecule after the other, in RDKit's order.

    Attributes:
      sizes, counts: int64 [molecules], numbers of atoms and of bonds.
      atoms: int16 [atoms, 9], see `NUM_ATOM_VALUES`.
      bonds: int16 [bonds, 3].
      ends: int16 [bonds, 2], the first and the second atom of each bond, counted in its molecule.
    """

    sizes: np.ndarray
    counts: np.ndarray
    atoms: np.ndarray
    bonds: np.ndarray
    ends: np.ndarray

    def molecules(self, counts: Literal["sizes", "counts"]) -> np.ndarray:
        """The molecule of each atom ("sizes") or bond ("counts"), int64."""
        numbers = getattr(self, counts)
        return np.repeat(np.arange(len(numbers)), numbers)


def binaries() -> Callable[[Any], bytes]:
    """A function that gives the bytes of a sanitized molecule, which `arrays_of` reads."""
    options = rdkit().PropertyPickleOptions
    plain = int(options.NoProps) | int(options.NoConformers)
    return lambda molecule: molecule.ToBinary(plain)


def arrays_of(given: Sequence[bytes], molecule: Callable[[int], Any]) -> MoleculeArrays:
    """The atoms and bonds of some molecules.

    Args:
      given: the bytes of each.
      molecule: gives one of them, whose bytes cannot be read.
    """
    found, good = _decoded(given)
    if good.all():
        return found
    # The others, by calls, are put between those that were read.
    sizes, counts = found.sizes.copy(), found.counts.copy()
    others = {row: _called(molecule(row)) for row in np.flatnonzero(~good).tolist()}
    for row, other in others.items():
        sizes[row], counts[row] = len(other.atoms), len(other.bonds)
    values = {}
    for name, number in (("atoms", sizes), ("bonds", counts), ("ends", counts)):
        own = getattr(found, name)
        values[name] = np.empty((number.sum(), own.shape[1]), np.int16)
        values[name][np.repeat(good, number)] = own
        first = offsets(number)
        for row, other in others.items():
            values[name][first[row] : first[row + 1]] = getattr(other, name)
    return MoleculeArrays(sizes, counts, **values)


def _called(molecule: Any) -> MoleculeArrays:
    """One molecule, by a call for each property of each atom and bond."""
    atoms = [
        (
            atom.GetAtomicNum(),
            int(atom.GetChiralTag()),
            atom.GetTotalDegree(),
            atom.GetFormalCharge(),
            atom.GetTotalNumHs(),
            atom.GetNumRadicalElectrons(),
            int(atom.GetHybridization()),
            atom.GetIsAromatic(),
            atom.IsInRing(),
        )
        for atom in molecule.GetAtoms()
    ]
    bonds = [
        (int(bond.GetBondType()), int(bond.GetStereo()), bond.GetIsConjugated())
        for bond in molecule.GetBonds()
    ]
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
    return MoleculeArrays(
        sizes=np.array([len(atoms)], np.int64),
        counts=np.array([len(bonds)], np.int64),
        atoms=np.array(atoms, np.int16).reshape(-1, NUM_ATOM_VALUES),
        bonds=np.array(bonds, np.int16).reshape(-1, NUM_BOND_VALUES),
        ends=np.array(ends, np.int16).reshape(-1, 2),
    )


def _decoded(given: Sequence[bytes]) -> tuple[MoleculeArrays, np.ndarray]:
    """The molecules whose bytes are as expected; the others have no atoms here.

    Returns:
      The arrays, and a bool for each molecule.
    """
    lengths = np.array([len(binary) for binary in given], np.int64)
    # With room behind the end, so that no record that is looked at is outside.
    data = np.frombuffer(b"".join(given) + bytes(_HEADER + 2 * _LONGEST), np.uint8)
    first = offsets(lengths)
    head = data[first[:-1, None] + np.arange(_HEADER)]
    good = lengths > _HEADER
    good &= (head[:, : len(_MARK)] == np.frombuffer(_MARK, np.uint8)).all(axis=1)
    major, minor, _, sizes, counts = np.ascontiguousarray(head[:, 8:28]).view("<i4").T
    good &= np.isin(major * 1000 + minor, [one * 1000 + other for one, other in _VERSIONS])
    good &= (head[:, 28] == 0x80) & (head[:, 29] == _ATOMS)
    good &= (sizes >= 0) & (sizes <= 255) & (counts >= 0) & (counts <= 2**15)

    walk = _Walk(data, first[:-1] + _HEADER, good)
    atom_places = walk.over(sizes, _length_of_atom)
    walk.expect(_BONDS)
    bond_places = walk.over(counts, _length_of_bond)
    walk.expect(*_RINGS)
    rings = walk.numbers()
    ring_places = walk.over(rings, lambda data, place: 1 + data[place].astype(np.int64))
    walk.expect(_END)
    walk.good &= walk.place == first[1:]

    atoms, fine = _atoms(data, atom_places.place)
    walk.exclude(atom_places, fine)
    bonds, ends, fine = _bonds(data, bond_places.place)
    fine &= (ends < sizes[bond_places.molecule, None]).all(axis=1)
    walk.exclude(bond_places, fine)
    start = offsets(atom_places.counts)
    _add_rings(data, ring_places, walk, sizes, start, atoms)
    _add_degrees(bond_places, walk, ends, start, atoms)

    good = walk.good
    of_atoms, of_bonds = good[atom_places.molecule], good[bond_places.molecule]
    return MoleculeArrays(
        sizes=np.where(good, sizes, 0).astype(np.int64),
        counts=np.where(good, counts, 0).astype(np.int64),
        atoms=atoms if good.all() else atoms[of_atoms],
        bonds=bonds if good.all() else bonds[of_bonds],
        ends=ends if good.all() else ends[of_bonds],
    ), good


@dataclasses.dataclass(frozen=True)
class _Records:
    """Records of one kind: where each begins, its molecule, how many each molecule has."""

    place: np.ndarray
    molecule: np.ndarray
    counts: np.ndarray


class _Walk:
    """A place in the bytes of each molecule, which goes on over records of all molecules at once.

    Attributes:
      place: int64 [molecules], the next byte.
      good: bool [molecules], False where something was not as expected.
    """

    def __init__(self, data: np.ndarray, place: np.ndarray, good: np.ndarray):
        self._data, self._last = data, len(data) - _LONGEST - 1
        self.place, self.good = np.minimum(place, self._last), good

    def over(
        self, counts: np.ndarray, length: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> _Records:
        """Go on over `counts` records of each good molecule."""
        counts = np.where(self.good, counts, 0).astype(np.int64)
        first = offsets(counts)
        places = np.empty(first[-1], np.int64)
        order = np.argsort(-counts, kind="stable")  # those that still have records come first
        here, start = self.place[order], first[:-1][order]
        left = np.searchsorted(-counts[order], -np.arange(counts.max(initial=0)), side="left")
        for step, number in enumerate(left.tolist()):
            now = here[:number]
            places[start[:number] + step] = now
            now += length(self._data, now)
            np.minimum(now, self._last, out=now)
        self.place[order] = here
        return _Records(places, np.repeat(np.arange(len(counts)), counts), counts)

    def expect(self, *tags: int) -> None:
        """Go on over a tag, which must be one of these."""
        self.good &= np.isin(self._data[self.place], tags)
        self.place = np.minimum(self.place + 1, self._last)

    def numbers(self) -> np.ndarray:
        """Go on over a number of four bytes, which must be below 2**15."""
        parts = self._data[self.place[:, None] + np.arange(4)].astype(np.int64)
        numbers = parts @ (256 ** np.arange(4))
        self.place = np.minimum(self.place + 4, self._last)
        self.good &= numbers < 2**15
        return numbers

    def exclude(self, records: _Records, fine: np.ndarray) -> None:
        """Give up the molecules of records that are not fine."""
        self.good[records.molecule[~fine]] = False


def _bits(mask: int) -> np.ndarray:
    """The number of bits of this mask that are set in each byte."""
    return np.array([(byte & mask).bit_count() for byte in range(256)], np.int64)


_SET_IN_ATOM, _SET_IN_BOND = _bits(0b11111110), _bits(0b1100)


def _length_of_atom(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Number, flags, four bytes of presence, a byte for each value there; an isotope takes four."""
    return 6 + _SET_IN_ATOM[data[place + 2]] + 4 * (data[place + 3] & 1).astype(np.int64)


def _length_of_bond(data: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Ends, flags; type, direction, and stereo with a list of atoms, where they are there."""
    flags = data[place + 2]
    length = 3 + _SET_IN_BOND[flags]
    stereo = (flags & 2) > 0
    if stereo.any():
        length += np.where(stereo, 2 + data[place + length + 1].astype(np.int64), 0)
    return length


def _atoms(data: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of the atoms, without those that follow from bonds and rings.

    Returns:
      int16 [atoms, 9], and which atoms have nothing that is read in another way.
    """
    flags, present = data[place + 1], data[place + 2]
    at = place + 6

    def value(bit: int, absent: int) -> np.ndarray:
        nonlocal at
        there = (present >> bit) & 1
        found = np.where(there, data[at], np.uint8(absent))
        at = at + there
        return found

    charge, tag, hybridization, explicit = value(1, 0), value(2, 0), value(3, _SP3), value(4, 0)
    _, implicit, radicals = value(5, 0), value(6, 0), value(7, 0)
    atoms = np.zeros((len(place), NUM_ATOM_VALUES), np.int16)
    no_implicit = (flags & 0x20) > 0
    hydrogens = explicit.astype(np.int16) + np.where(no_implicit, 0, implicit)
    for column, values in (
        (0, data[place]),
        (1, tag),
        (2, hydrogens),  # of the degree
        (3, charge.view(np.int8)),
        (4, hydrogens),
        (5, radicals),
        (6, hybridization),
        (7, (flags & 0x40) > 0),
    ):
        atoms[:, column] = values
    # Queries, map numbers, dummies and residues have more bytes behind them.
    fine = (flags & 0b10011111) == 0
    fine &= ((present & 1) == 0) & (data[place + 3] <= 1)
    fine &= (data[place + 4] == 0) & (data[place + 5] == 0)
    return atoms, fine


def _bonds(data: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values and ends of the bonds, and which have nothing that is read in another way."""
    flags = data[place + 2]
    kind = (flags & 8) > 0
    bonds = np.zeros((len(place), NUM_BOND_VALUES), np.int16)
    bonds[:, 0] = np.where(kind, data[place + 3], 1)  # single bonds have no byte
    stereo = (flags & 2) > 0
    if stereo.any():
        bonds[:, 1] = np.where(stereo, data[place + 3 + _SET_IN_BOND[flags]], 0)
    bonds[:, 2] = (flags & 0x20) > 0
    ends = data[place[:, None] + np.arange(2)].astype(np.int16)
    return bonds, ends, (flags & 0b10010001) == 0


def _add_rings(
    data: np.ndarray,
    rings: _Records,
    walk: _Walk,
    sizes: np.ndarray,
    start: np.ndarray,
    atoms: np.ndarray,
) -> None:
    """Mark the atoms that are in a ring."""
    lengths = data[rings.place].astype(np.int64)
    members = np.repeat(rings.place + 1 - offsets(lengths)[:-1], lengths)
    members = data[np.minimum(members + np.arange(lengths.sum()), len(data) - 1)]
    molecule = np.repeat(rings.molecule, lengths)
    known = members < sizes[molecule]
    walk.good[molecule[~known]] = False
    atoms[(start[molecule] + members)[known], 8] = 1


def _add_degrees(
    bonds: _Records, walk: _Walk, ends: np.ndarray, start: np.ndarray, atoms: np.ndarray
) -> None:
    """Add the number of bonds to the hydrogens, which gives the degree."""
    known = walk.good[bonds.molecule]  # whose ends are atoms of the molecule
    rows = (start[bonds.molecule[known], None] + ends[known]).reshape(-1)
    atoms[:, 2] += np.bincount(rows, minlength=len(atoms)).astype(np.int16)
