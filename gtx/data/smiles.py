"""Parsing of SMILES for all of gtx, and canonical forms to compare molecules.

Atom-map numbers name atoms in a reaction and are not part of a molecule. They are removed before a
SMILES is read. Needs the extra `molecules`.
"""

import contextlib
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gtx.data.check import DatasetError

# At this size RDKit's search for rings and its canonical numbering take seconds, at twice the size
# minutes. At 20,000 atoms the numbering overflows the stack and ends the process.
MAX_ATOMS = 4000
MAX_CHARACTERS = 50 * MAX_ATOMS  # a longer text is refused without being parsed

_MAP_NUMBER = re.compile(r"(\[[^\[\]:]*):\d+\]")
_REACTION = re.compile(r"(?<!-)>")  # "->" is a dative bond
_OUTSIDE = re.compile(r"[^!-~]")  # RDKit stops reading at such a character, without an error
_MARKED = re.compile(r"[@/\\]|\[\d*[HDT#]")  # stereo, or an atom that may be a hydrogen


def rdkit() -> Any:
    """The module `rdkit.Chem`, or an ImportError that names the extra."""
    try:
        from rdkit import Chem
    except ImportError as error:
        raise ImportError(
            'molecules need RDKit: pip install "gtx-jax[molecules]".', name=error.name
        ) from error
    return Chem


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep RDKit from writing to stderr."""
    rdkit()
    from rdkit import rdBase

    with rdBase.BlockLogs():
        yield


def parse(
    smiles: Sequence[Any],
    *,
    stereo: bool = True,
    any_valence: bool = False,
    use: Callable[[Any, str], Any] | None = None,
) -> tuple[list[Any], dict[int, str]]:
    """The RDKit molecules, with None for a text that is not one molecule, and the reasons.

    Blanks before and after a SMILES are ignored. A SMILES consists of printable ASCII without
    blanks. A text is read completely or refused: a SMILES that is followed by a name or by the
    extensions of CXSMILES is refused. So are reactions and molecules of more than `MAX_ATOMS`
    atoms.

    Args:
      smiles: the texts.
      stereo: whether RDKit looks for stereo in every molecule. If not, it looks only where the text
        marks some, which saves much of the time. Atoms and bonds are the same; what is missing are
        RDKit's marks of where there could be stereo that is not given.
      any_valence: read molecules whose atoms have more bonds than RDKit allows. Published datasets
        have some, because older versions of RDKit allowed more.
      use: what is kept of a molecule and its text; None keeps the molecule. To keep many molecules
        takes time too, because RDKit finds memory for each anew.
    """
    chem = rdkit()
    bare = None
    if not stereo:
        bare = chem.SmilesParserParams()
        bare.sanitize = bare.removeHs = False  # `_read` sanitizes
    found: list[Any] = []
    errors = {}
    with quiet():
        for row, text in enumerate(smiles):
            each = _read(text, chem, bare, any_valence)
            if isinstance(each, str):
                errors[row], each = each, None
            elif use is not None:
                each = use(each, text)
            found.append(each)
    for row, reason in errors.items():
        errors[row] = reason or _rdkit_reason(_clean(smiles[row]))
    return found, errors


def parse_all(
    smiles: Sequence[str],
    *,
    any_valence: bool = False,
    use: Callable[[Any, str], Any] | None = None,
) -> list[Any]:
    """`parse`, if all parse; a DatasetError names the first SMILES that does not.

    Many molecules take much memory, 30 KiB each and more: keep what is needed of them by `use`.
    """
    found, errors = parse(smiles, any_valence=any_valence, use=use)
    for row, reason in errors.items():
        raise DatasetError(
            f"molecule {row} ({shortened(smiles[row])}): {reason}. Leave it out or mend it."
        )
    return found


def canonical(smiles: Sequence[str]) -> list[str]:
    """Canonical SMILES, equal for all spellings of a molecule with the same stereo and isotopes."""
    chem = rdkit()
    return parse_all(smiles, use=lambda each, _: chem.MolToSmiles(chem.RemoveHs(each)))


def flat_smiles(smiles: Sequence[str]) -> list[str]:
    """Canonical SMILES that are equal for all spellings and stereoisomers of a molecule.

    Stereo, isotopes, atom-map numbers and hydrogens that are written as atoms are removed.
    Charges, tautomers and the other parts of a salt are kept, because they make another compound.
    """
    chem = rdkit()
    return parse_all(smiles, any_valence=True, use=lambda each, _: chem.MolToSmiles(_flat(each)))


def scaffolds(smiles: Sequence[str]) -> list[str]:
    """Bemis-Murcko scaffolds of the flat molecules; "" for a molecule without rings."""
    chem = rdkit()
    from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

    def scaffold(molecule: Any, _: str) -> str:
        flat = _flat(molecule)
        # Parsed a second time, so that no atom keeps brackets from the given spelling. An atom
        # in brackets has a fixed number of hydrogens: when its side chain is removed, it would
        # become a radical in this spelling only.
        plain = chem.MolFromSmiles(chem.MolToSmiles(flat)) or flat
        return str(MurckoScaffoldSmiles(mol=plain, includeChirality=False))

    return parse_all(smiles, use=scaffold)


def shortened(text: Any) -> str:
    """A SMILES for a message: 60 characters at most."""
    text = str(text)
    return text if len(text) <= 60 else f"{text[:40]}... of {len(text)} characters"


def _clean(text: str) -> str:
    """The text without blanks around it and without atom-map numbers."""
    text = text.strip()
    return _MAP_NUMBER.sub(r"\1]", text) if ":" in text else text


def _read(text: Any, chem: Any, bare: Any, any_valence: bool) -> Any:
    """A molecule, or the reason why there is none; "" if RDKit must give the reason.

    Args:
      text: the SMILES.
      chem: the module of RDKit.
      bare: how RDKit reads a text without stereo and hydrogens, and without sanitizing; None reads
        all in RDKit's usual way.
      any_valence: see `parse`.
    """
    if not isinstance(text, str):
        return f"a SMILES is text, this is {type(text).__name__}"
    text = _clean(text)
    if not text:
        return "empty"
    if not (text.isascii() and text.isprintable()) or " " in text:  # faster than to search
        found = _OUTSIDE.search(text)
        assert found is not None
        return _foreign(found[0], found.start() + 1)
    if ">" in text and _REACTION.search(text):
        return "this is a reaction, not one molecule"
    if len(text) > MAX_CHARACTERS:
        return f"{len(text)} characters, {MAX_CHARACTERS} at most"
    if len(text) > MAX_ATOMS:
        # Bonds and rings are looked at after this: counting atoms is fast.
        whole = chem.MolFromSmiles(text, sanitize=False)
        if whole is not None and whole.GetNumAtoms() > MAX_ATOMS:
            return f"{whole.GetNumAtoms()} atoms, {MAX_ATOMS} at most"
    if bare is not None and _MARKED.search(text) is None:
        molecule = chem.MolFromSmiles(text, bare)
        if molecule is not None and molecule.GetNumAtoms():
            if not chem.SanitizeMol(molecule, catchErrors=True):
                return molecule
    molecule = chem.MolFromSmiles(text)
    if molecule is None and any_valence:
        molecule = _with_any_valence(text, chem)
    return "" if molecule is None or molecule.GetNumAtoms() == 0 else molecule


def _with_any_valence(text: str, chem: Any) -> Any:
    """The molecule without RDKit's check of valences, or None."""
    molecule = chem.MolFromSmiles(text, sanitize=False)
    if molecule is None:
        return None
    molecule.UpdatePropertyCache(strict=False)
    steps = chem.SanitizeFlags.SANITIZE_ALL ^ chem.SanitizeFlags.SANITIZE_PROPERTIES
    return None if chem.SanitizeMol(molecule, steps, catchErrors=True) else molecule


def _foreign(character: str, position: int) -> str:
    """Why a character cannot stand in a SMILES."""
    if character in " \t\r\n":
        return (
            f"a blank or line break at position {position}: a SMILES has none. Put names into "
            "a column of their own, and leave out extensions (CXSMILES)"
        )
    name = unicodedata.name(character, "a control character")
    return (
        f"the character U+{ord(character):04X} ({name}) at position {position}: a SMILES "
        "is plain ASCII"
    )


def _flat(molecule: Any) -> Any:
    """A copy without stereo, isotopes and hydrogens that are written as atoms."""
    chem = rdkit()
    flat = chem.Mol(molecule)
    chem.RemoveStereochemistry(flat)
    for atom in flat.GetAtoms():
        atom.SetIsotope(0)
    return chem.RemoveHs(flat)


def _rdkit_reason(text: str) -> str:
    """RDKit's reason to refuse a SMILES."""
    chem = rdkit()
    molecule, said = with_log(lambda: chem.MolFromSmiles(text))
    if molecule is not None:
        return "it has no atoms"
    said = [line.removeprefix("SMILES Parse Error: ") for line in said]
    said = [line for line in said if line.strip("~^ ") and line not in text]
    reason = "; ".join(line.split(" while parsing:")[0].rstrip(":") for line in said[:2])
    return reason or "RDKit cannot read it"


def with_log(read: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What a call of RDKit returns, and what it says: RDKit only writes reasons to its log."""
    rdkit()
    from rdkit import rdBase

    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("rdkit")
    rdBase.LogToPythonLogger()
    handlers, logger.handlers = logger.handlers, [handler]
    try:
        found = read()
    finally:
        logger.handlers = handlers
        rdBase.LogToCppStreams()
    return found, [line.split("] ", 1)[-1] for line in lines]
