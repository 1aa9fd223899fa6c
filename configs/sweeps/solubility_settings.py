"""Does a single change of the solubility recipe lower its validation RMSE? Three seeds of each.

    gtx sweep --config=configs/sweeps/solubility_settings.py --workdir=runs/solubility_settings

The list was written before any of them was trained, and the choice is by validation.
docs/measured.md has the scores.
"""

from gtx import sweeps

RECIPE = "configs/solubility_gps.py"

# Parts of the surface with certain charges, refractivities and partition coefficients, and more
# descriptors of shape and charge. https://www.rdkit.org/docs/GettingStartedInPython.html
SURFACE = (
    "MolLogP", "MolMR", "MolWt", "TPSA", "LabuteASA", "NumHDonors", "NumHAcceptors",
    "NumRotatableBonds", "NumHeteroatoms", "RingCount", "NumAromaticRings",
    "NumAliphaticRings", "FractionCSP3", "BertzCT", "BalabanJ", "HallKierAlpha", "Kappa1",
    "Kappa2", "Kappa3", "MaxPartialCharge", "MinPartialCharge", "qed", "Chi0v", "Chi1v", "Chi2v",
    "Chi3v", "Chi4v", "MaxEStateIndex", "MinEStateIndex", "NHOHCount", "NOCount",
    *(f"PEOE_VSA{number}" for number in range(1, 15)),
    *(f"SMR_VSA{number}" for number in range(1, 11)),
    *(f"SlogP_VSA{number}" for number in range(1, 13)),
    *(f"EState_VSA{number}" for number in range(1, 12)),
)  # fmt: skip


def get_sweep() -> list[sweeps.Overrides]:
    changes: list[sweeps.Overrides] = [
        {},
        {"data.descriptors": SURFACE},
        {"data.features": "ogb"},
        {"model.dim": 96},
        {"model.num_layers": 5},
        {"training.num_epochs": 200},
        {"optimizer.weight_decay": 1.0},
        # A second list, written when width 96 was best of the first.
        {"model.dim": 128},
        {"model.dim": 96, "model.num_layers": 5, "training.num_epochs": 200},
    ]
    return [{"training.seeds": (0, 1, 2), **change} for change in changes]
