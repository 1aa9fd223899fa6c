"""Which depth, dropout and learning rate suit the solubility recipe?

    gtx sweep --config=configs/sweeps/solubility.py --workdir=runs/sweep

A grid; `sweeps.sample({"optimizer.learning_rate": sweeps.Uniform(1e-4, 3e-3, log=True)}, 20)`
would be random search. About 12 times the recipe's own time, on one worker.
"""

from gtx import sweeps

RECIPE = "configs/solubility_gps.py"


def get_sweep() -> list[sweeps.Overrides]:
    return sweeps.grid(
        {
            "model.num_layers": [3, 5],
            "model.dropout_rate": [0.1, 0.2, 0.3],
            "optimizer.learning_rate": [5e-4, 1e-3],
        }
    )
