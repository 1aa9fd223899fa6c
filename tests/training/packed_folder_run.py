"""An epoch on a folder of 600 MiB, and the memory that writing and training took. Run by a test.

The memory is that of the process itself (RssAnon). Pages of mapped files are not counted: the
system drops them when other programs need the room.

python -m tests.training.packed_folder_run [shards]
"""

import json
import pathlib
import sys
import tempfile
import threading
import time

import jax
import numpy as np

from gtx.batching import Sharded, Streamed, fit_budget
from gtx.data import Dataset, packed_folder, packed_shards
from gtx.data.joined import joined
from gtx.data.spec import Continuous, GraphSpec, Label
from gtx.tasks import Regression
from gtx.training import fit
from tests.training import small

PIECES, GRAPHS, NODES, DIM = 40, 500, 100, 80
SPEC = GraphSpec(nodes={"feat": Continuous(DIM)}, label=Label("graph", "regression", 1))


def piece(seed: int) -> Dataset:
    """500 rings of 100 nodes, 16 MiB; every twentieth graph is in valid."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(GRAPHS * NODES, DIM)).astype(np.float32)
    ends = np.tile(np.arange(NODES), GRAPHS)
    return Dataset.from_columns(
        node_ptr=np.arange(GRAPHS + 1) * NODES,
        edge_ptr=np.arange(GRAPHS + 1) * NODES,
        senders=ends,
        receivers=(ends + 1) % NODES,
        nodes={"feat": values},
        labels=values.reshape(GRAPHS, -1).mean(axis=1, keepdims=True),
        split=np.where(np.arange(GRAPHS) % 20 == 0, 1, 0),
        spec=SPEC,
    )


def own_memory() -> int:
    """Memory of this process without pages of files, in bytes."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


class Peak(threading.Thread):
    """The largest `own_memory` since the last `restart`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.restart()
        self.start()

    def restart(self) -> None:
        self.start_bytes = self.peak_bytes = own_memory()

    def run(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, own_memory())
            time.sleep(0.005)

    @property
    def mib(self) -> float:
        return (self.peak_bytes - self.start_bytes) / 2**20


def main(shards: bool) -> None:
    jax.devices()
    peak = Peak()
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root) / "many"
        pieces = (piece(seed) for seed in range(PIECES))
        if shards:
            packed_shards.save(pieces, folder)
        else:
            packed_folder.save(pieces, folder)
        writing = peak.mib
        peak.restart()
        if shards:
            opened = packed_shards.load(folder)
            valid = joined([each.part("valid") for each in opened[:4]])
            source = Sharded.fit(
                [each.part("train") for each in opened], 32, num_tiers=1, dense=False, cover=[valid]
            )
            expected = len(source.plan(0, 0))
        else:
            dataset = packed_folder.load(folder)
            train, valid = dataset.part("train"), dataset.part("valid")
            budget = fit_budget(train, 32, num_tiers=1, dense=False, cover=[valid])
            source, expected = Streamed(train, budget), -(-len(train) // 32)
        result = fit(
            small.Small(),
            Regression(SPEC.label),
            source,
            valid,
            optimizer=small.optimizer(),
            num_epochs=1,
            steps_per_call=4,
            workdir=pathlib.Path(root) / "run",
        )
        found = dict(
            folder_mib=sum(path.stat().st_size for path in folder.rglob("*.npy")) / 2**20,
            writing_mib=writing,
            training_mib=peak.mib,
            steps=int(result.state.step),
            expected_steps=expected,
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main("shards" in sys.argv[1:])
