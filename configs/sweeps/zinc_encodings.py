"""What is each encoding worth on ZINC-12k, at equal budget? Five choices, three seeds.

    python -m experiments.sweep --config=configs/sweeps/zinc_encodings.py --workdir=runs/zinc_enc

The data are looked for in data/zinc12k.
"""

from gtx import sweeps

RECIPE = "configs/zinc_encodings.py"


def get_sweep() -> list[sweeps.Overrides]:
    used = ["none", "random_walk", "laplacian", "rrwp", "spd"]
    return sweeps.grid({"seed": [0, 1, 2], "encodings_used": used})
