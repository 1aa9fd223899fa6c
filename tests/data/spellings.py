"""Molecules with every kind of stereo, and other ways to write a molecule."""

import random

STEREO = {
    "centre": "C[C@H](O)N",
    "amino acid": "C[C@@H](C(=O)O)N",
    "dipeptide": "C[C@@H](N)C(=O)N[C@H](CO)C(=O)O",
    "tartaric acid": "OC(=O)[C@H](O)[C@@H](O)C(=O)O",
    "meso tartaric acid": "OC(=O)[C@H](O)[C@H](O)C(=O)O",
    "pseudo-asymmetric": "O[C@@H]([C@H](O)C)[C@@H](O)C",
    "cis ring": "C[C@H]1CC[C@@H](C)CC1",
    "trans ring": "C[C@H]1CC[C@H](C)CC1",
    "scyllo-like inositol": "O[C@H]1[C@@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O",
    "inositol": "O[C@H]1[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O",
    "four-ring": "[C@H]1(C)[C@H](C)[C@H](C)[C@@H]1C",
    "triol": "O[C@H]1C[C@@H](O)C[C@H](O)C1",
    "spiro": "C[C@@H]1CC[C@]2(CC1)CC[C@H](C)CC2",
    "decalin": "[H][C@]12CCCC[C@@]1([H])CCCC2",
    "steroid": "C[C@]12CC[C@H]3[C@@H](CCC4=CC(=O)CC[C@]34C)[C@@H]1CC[C@@H]2O",
    "sugar": "OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O",
    "cocaine": "CN1[C@H]2CC[C@@H]1[C@@H](C(=O)OC)[C@@H](OC(=O)c1ccccc1)C2",
    "double bonds": r"C/C=C/C=C\C",
    "oxime": r"C/C(=N\O)CC",
    "imine with a hydrogen": "[H]/N=C(/C)F",
    "azo": "c1ccccc1/N=N/c1ccccc1",
    "centre between double bonds": r"F/C=C/[C@@H](O)/C=C\F",
    "double bond at a ring": r"C[C@@H]1C/C(=C/C)C[C@H](C)C1",
    "allene": "NC(Br)=[C@]=C(O)C",
    "sulfoxide": "C[S@](=O)CC",
    "sulfoximine": "C[S@](=O)(=N)CC",
    "phosphine oxide": "C[P@](=O)(OC)c1ccccc1",
    "phosphorus in a ring": "C[P@@]1(=O)O[C@H](C)CO1",
    "ammonium": "CC[N@+](C)(CCC)CCCC",
    "aziridine": "C[N@@]1C[C@@H]1C",
    "isotopes": "C[C@H](O)[13CH3]",
    "deuterium": "F[C@@]([2H])(Cl)Br",
    "salt": "[Na+].[Cl-].C[C@H](N)C(=O)[O-]",
    "biaryl": "Cc1cccc(C)c1-c1c(C)cccc1O",
    "octahedral": "C[Co@OH1](F)(Cl)(Br)(I)N",
    "ferrocene": "[Fe+2].[cH-]1cccc1.[cH-]1cccc1",
    "azulene": "c1ccc2cccc-2cc1",
    "pyridone": "O=c1cc[nH]cc1",
}


def other_spellings(smiles: str, count: int, seed: int = 0) -> list[str]:
    """The molecule with its atoms in other orders, kekulised, with hydrogens and map numbers."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    texts = []
    for number in range(count):
        order = list(range(molecule.GetNumAtoms()))
        random.Random(f"{seed} {number}").shuffle(order)
        shuffled = Chem.RenumberAtoms(molecule, order)
        style = number % 4
        if style == 1:
            Chem.Kekulize(shuffled, clearAromaticFlags=True)
        if style == 2:
            shuffled = Chem.AddHs(shuffled)
        text = Chem.MolToSmiles(shuffled, canonical=False, kekuleSmiles=style == 1)
        if style == 3:
            for atom in shuffled.GetAtoms():
                atom.SetAtomMapNum(atom.GetIdx() + 1)
            text = Chem.MolToSmiles(shuffled, canonical=False)
        texts.append(text)
    return texts
