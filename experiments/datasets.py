"""Write docs/datasets.md: `python -m experiments.datasets --measure` on a machine with data.

Each dataset below $GTX_DATA trains for an epoch by `configs/dataset_gps.py`, in a process of its
own, so that its memory is its own. The figures go to docs/dataset_costs.json, from which the page
is written. `--missing` measures the sets that have no figures; without either the page alone is
written.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from configs import dataset_gps
from experiments.benchmarks.memory import peak_memory
from gtx import encodings, recipes, training
from gtx.data.sources import SOURCES
from gtx.data.sources.published import Published
from gtx.training import hooks

ROOT = pathlib.Path(__file__).parents[1]
PAGE, COSTS = ROOT / "docs" / "datasets.md", ROOT / "docs" / "dataset_costs.json"
WALK = 16

# From small to large, so that much is known if a measurement is interrupted.
SETS = (
    "heterophilous graph=texas", "heterophilous graph=cornell", "heterophilous graph=wisconsin",
    "tudataset graphs=MUTAG", "brec pair=0", "csl", "tudataset graphs=PTC",
    "moleculenet graphs=freesolv", "planetoid graph=cora", "planetoid graph=citeseer",
    "heterophilous graph=chameleon_filtered", "heterophilous graph=squirrel_filtered",
    "heterophilous graph=chameleon", "heterophilous graph=squirrel",
    "moleculenet graphs=esol", "heterophilous graph=actor", "heterophilous graph=minesweeper",
    "tudataset graphs=ENZYMES", "moleculenet graphs=clintox", "moleculenet graphs=bbbp",
    "moleculenet graphs=bace", "tudataset graphs=IMDB-BINARY", "tudataset graphs=IMDB-MULTI",
    "tudataset graphs=PROTEINS", "planetoid graph=pubmed", "heterophilous graph=tolokers",
    "tudataset graphs=NCI1", "moleculenet graphs=lipo", "moleculenet graphs=tox21", "nell", "zinc",
    "ogbg_molhiv", "peptides_func",
)  # fmt: skip

INTRODUCTION = """\
# Datasets

`gtx datasets` lists the sources of data that a recipe may name, tells about one, downloads its
files and checks them. Words such as `graph=pubmed` are fields of `config.data`. The list has a line
for each source; a star stands where the real files could not be reached when their reader was
written. `info` tells all about one: its fields, files, licence and whom to cite.

```bash
gtx datasets list
gtx datasets info planetoid graph=pubmed
gtx datasets fetch planetoid graph=pubmed --root=data
gtx datasets verify --root=data
```

Files are downloaded over TLS and compared with the published sha256 where that is known. An
interrupted download goes on where it was. Archives are unpacked by names that are checked.
Pickles and files of `torch.save` are read as data: nothing that they name is called, and torch is
not needed. What was read is compared with the published sizes before the file that a source reads
is written, below `--root` ($GTX_DATA, or `data`, the folder of the recipes). `verify` does the
checks again. A file can also be put into the folder `published` beside the file that the source
reads; `fetch` then takes it.

## Every source

Edges are directed: an undirected one counts twice. Where the real files could not be reached when
the source was written, what reads them is tested on small files of their form.

"""

FIRST_RUN = """
## What a first run costs

`configs/dataset_gps.py:SOURCE` trains a small GPS on any of them: three layers of width 64; one
large graph by message passing alone. One epoch:

```bash
gtx train --config=configs/dataset_gps.py:planetoid --config.data.graph=pubmed \
--config.training.num_epochs=1 --workdir=runs/pubmed
```

Measured by `python -m experiments.datasets --measure`, each set in a process of its own: the size
of its file; the seconds to load it, to compute random-walk encodings of 16 steps (of sets of
graphs), and to train one epoch, without compilation; and the most memory that the process took.
""".replace("\\\n", "")


class _Clock(hooks.Hook):
    """Notes how long an epoch trains."""

    seconds = 0.0

    def epoch(self, entry: Mapping[str, Any], timing: hooks.EpochTiming) -> None:
        self.seconds = timing.train_seconds


def measured(name: str) -> dict[str, Any]:
    """Load, encode and train one set in this process."""
    source, *fields = name.split()
    config = dataset_gps.get_config(source)
    if "root" in config.data:
        config.data.root = os.environ["GTX_DATA"]
    for field in fields:
        key, _, value = field.partition("=")
        config.data[key] = int(value) if value.isdigit() else value
    file = recipes.source(config).file
    start = time.perf_counter()
    graphs = recipes.prepare(config).dataset
    found: dict[str, Any] = dict(load=time.perf_counter() - start, encode=None, file=None)
    if file:
        found["file"] = (pathlib.Path(config.data.root) / file).stat().st_size
    if len(graphs) > 1:
        start = time.perf_counter()
        encodings.apply(graphs, [encodings.RandomWalk(walk_length=WALK)])
        found["encode"] = time.perf_counter() - start
    train, clock = graphs.part("train"), _Clock()
    steps = -(-len(train) // config.batch.size)
    with tempfile.TemporaryDirectory() as folder:
        training.fit(
            recipes.model(config, graphs.spec),
            recipes.task(config, graphs.spec),
            recipes.batches(config, train, recipes.budget(config, graphs)),
            graphs.part("valid"),
            optimizer=recipes.optimizer(config, steps_per_epoch=steps),
            num_epochs=1,
            workdir=folder,
            hooks=(clock,),
        )
    found |= dict(
        graphs=len(graphs), nodes=int(graphs.node_ptr[-1]), edges=int(graphs.edge_ptr[-1]),
        epoch=clock.seconds, memory=peak_memory(), date=datetime.date.today().isoformat(),
    )  # fmt: skip
    return found


def measure(*, only_missing: bool = False) -> None:
    """Measure every set in a process of its own; what fails is said and left out.

    Args:
      only_missing: leave out the sets that have figures.
    """
    known = json.loads(COSTS.read_text()) if only_missing and COSTS.exists() else {}
    for name in (name for name in SETS if name not in known):
        command = [sys.executable, "-m", "experiments.datasets", name]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            continue
        costs = json.loads(COSTS.read_text()) if COSTS.exists() else {}
        costs[name] = json.loads(done.stdout.splitlines()[-1])
        COSTS.write_text(json.dumps(costs, indent=1) + "\n")
        print(name, costs[name])


def _source_rows() -> list[str]:
    """A row for each source and each set that it reads."""
    rows = []
    for name, kind in SOURCES.items():
        fields = {field.name: field for field in dataclasses.fields(kind)}
        known_by = {"root": "data"} if "root" in fields else {}
        if any(f.default is dataclasses.MISSING for f in fields.values() if f.name != "root"):
            rows.append(f"| {name} | yours | - | a file of yours |")
            continue
        for variant in kind.variants():
            source = kind(**{**known_by, **variant})
            known = source.published()
            told = " ".join([name, *(f"{field}={value}" for field, value in variant.items())])
            if known is None:
                origin = "files of yours" if known_by else "none needed"
                rows.append(f"| {told} | - | - | {origin} |")
                continue
            read = "read" if known.tried else "not reached"
            files = (
                read if known.files else "to be put there by hand" if source.file else "none needed"
            )
            rows.append(f"| {told} | {known.licence} | {_sizes(known)} | {files} |")
    return rows


def _sizes(known: Published) -> str:
    """Published sizes in words."""
    if known.statistics is None:
        return "-"
    sizes = dataclasses.asdict(known.statistics)
    told = [f"{value:,} {what}" for what, value in sizes.items() if isinstance(value, int)]
    return (
        "1 graph" + ", ".join(["", *told[1:]]) if known.statistics.graphs == 1 else ", ".join(told)
    )


def page() -> str:
    """The text of docs/datasets.md."""
    costs = json.loads(COSTS.read_text())
    dates = sorted({cost["date"] for cost in costs.values()})
    lines = [
        INTRODUCTION + "| source | licence | published sizes | its real files |",
        "|---|---|---|---|",
        *_source_rows(),
        FIRST_RUN,
        "Here on one of 2 cores of an AMD EPYC that other programs kept busy, "
        f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}:",
        "",
        "| set | graphs | nodes | edges | file, MB | load, s | encode, s | epoch, s | memory, MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in SETS:
        if name in costs:
            cost = costs[name]
            sizes = (f"{cost[what]:,}" for what in ("graphs", "nodes", "edges"))
            file = "-" if cost["file"] is None else f"{cost['file'] / 1e6:.2f}"
            encode = "-" if cost["encode"] is None else f"{cost['encode']:.2f}"
            times = (f"{cost['load']:.1f}", encode, f"{cost['epoch']:.1f}")
            memory = f"{cost['memory'] / 1e6:.0f}"
            lines.append(f"| {' | '.join([name, *sizes, file, *times, memory])} |")
    missing = [name for name in SETS if name not in costs]
    if missing:
        lines += ["", f"Not measured yet: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    if arguments and arguments not in (["--measure"], ["--missing"]):
        print(json.dumps(measured(" ".join(arguments))))
        return
    if arguments:
        measure(only_missing=arguments == ["--missing"])
    PAGE.write_text(page())


if __name__ == "__main__":
    main(sys.argv[1:])
