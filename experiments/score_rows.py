"""What `python -m experiments.scores` trains: the rows of the tables of docs/scores.md."""

import dataclasses
from collections.abc import Iterable
from typing import Literal

Kind = Literal["seeds", "masks", "folds", "draws"]


@dataclasses.dataclass(frozen=True)
class Row:
    """A model on a dataset, trained several times.

    Attributes:
      name: the key of its scores, and what --only takes.
      data: the dataset, for the table.
      model: for the table.
      recipe: in configs/, with the word behind the colon where it takes one.
      runs: the changes that tell its runs apart; `training.seeds=(0, 1)` is one run of two seeds.
      kind: what the runs are.
      planned: how many scores the protocol wants.
      changes: fields of the recipe and their values, the same in all runs.
      published: a score with its source; "" where there is none. "†": by memory, not looked up.
      forest: no model is trained but random forests on Morgan fingerprints.
    """

    name: str
    data: str
    model: str
    recipe: str
    runs: tuple[str, ...]
    kind: Kind
    planned: int
    changes: tuple[str, ...] = ()
    published: str = ""
    forest: bool = False

    def flags(self, run: str, root: str) -> list[str]:
        """What `gtx train` is given for a run, without --workdir."""
        name, _, word = self.recipe.partition(":")
        recipe = f"configs/{name}.py" + (f":{word}" if word else "")
        changes = (f"data.root={root}", *self.changes, run)
        return [f"--config={recipe}", *(f"--config.{change}" for change in changes)]


def seeds(count: int) -> tuple[str, ...]:
    """Seeds as replicas of one program."""
    return (f"training.seeds=({', '.join(map(str, range(count)))})",)


def one_by_one(count: int) -> tuple[str, ...]:
    """Seeds one after the other, where a wide network keeps the processor busy by itself."""
    return tuple(f"seed={seed}" for seed in range(count))


def folds(count: int = 10) -> tuple[str, ...]:
    return tuple(f"data.fold={fold}" for fold in range(count))


def draws(count: int = 3) -> tuple[str, ...]:
    """Random splits, each with a seed of its own."""
    return tuple(f"data.split_seed={seed}" for seed in range(count))


LUO = "Luo et al. 2024, table 2"
LUO_3 = "Luo et al. 2024, table 3"
WU = "Wu et al. 2023, table 2 †"
DRAWN = ("data.nodes_per_class=20", "data.split_seed=123")
FLAGS = ("model.alpha=1.0", "model.attention_norm=none", "model.use_value=False")
# Of bags of words a network of width 512 takes most of the time; it is best long before 500 epochs.
PATIENT = ("training.patience=100",)


def _citations() -> Iterable[Row]:
    # Graph, its name, scores of GCN and SGFormer.
    of = (
        ("cora", "Cora", f"85.1 ({LUO})", "84.5 ± 0.8"),
        ("citeseer", "CiteSeer", f"73.1 ({LUO} †)", "72.6 ± 0.2"),
        ("pubmed", "PubMed", f"81.1 ({LUO} †)", "80.3 ± 0.6"),
    )
    for drawn in (True, False):
        split = "drawn" if drawn else "public"
        count, own = (5, DRAWN) if drawn else (10, ())
        for graph, name, gcn, sgformer in of:
            data = f"{name}, {'their' if drawn else 'public'} split"
            yield Row(
                f"{graph}_sgformer_{split}", data, "SGFormer", f"{graph}_sgformer", seeds(count),
                "seeds", count, own, f"{sgformer} ({WU})" if drawn else "",
            )  # fmt: skip
            if drawn:
                yield Row(
                    f"{graph}_sgformer_flags_{split}",
                    data,
                    "SGFormer, flags of its command",
                    f"{graph}_sgformer",
                    seeds(3),
                    "seeds",
                    count,
                    (*own, *FLAGS, *PATIENT),
                    f"{sgformer} ({WU})",
                )
            yield Row(
                f"{graph}_tuned_gcn_{split}", data, "tuned GCN", f"{graph}_tuned_gcn",
                one_by_one(count), "seeds", count, (*own, *PATIENT),
                gcn if drawn else "",
            )  # fmt: skip


def _heterophilous() -> Iterable[Row]:
    for graph, gcn, sgformer in (
        ("chameleon", "46.29 ± 3.40", "44.9 ± 3.9"),
        ("squirrel", "45.01 ± 1.63", "41.8 ± 2.2"),
    ):
        name = f"{graph}, filtered"
        yield Row(
            f"{graph}_sgformer", name, "SGFormer", f"{graph}_sgformer", folds(), "masks", 10,
            published=f"{sgformer} ({WU})",
        )  # fmt: skip
        yield Row(
            f"{graph}_tuned_gcn", name, "tuned GCN", f"{graph}_tuned_gcn", folds(), "masks", 10,
            published=f"{gcn} ({LUO_3})",
        )  # fmt: skip
    yield Row(
        "actor_sgformer", "actor", "SGFormer", "actor_sgformer", folds(), "masks", 10,
        ("training.patience=100",), f"37.9 ± 1.1 ({WU})",
    )  # fmt: skip
    yield Row(
        "actor_gcn", "actor", "GCN with residuals", "squirrel_tuned_gcn", folds(), "masks", 10,
        ("data.graph=actor", "data.normalize_words=True", "model.dim=64", "model.num_layers=2",
         "training.patience=100"),
    )  # fmt: skip
    yield Row(
        "minesweeper_tuned_gcn", "minesweeper", "tuned GCN", "minesweeper_tuned_gcn", folds(),
        "masks", 10, ("training.num_epochs=800",), f"97.86 ± 0.24 ({LUO_3} †)",
    )  # fmt: skip
    small = (
        "model.dim=64", "model.num_layers=5", "model.num_global_layers=1",
        "optimizer.learning_rate=3e-3", "training.num_epochs=400",
    )  # fmt: skip
    yield Row(
        "minesweeper_polynormer", "minesweeper", "Polynormer, width 64", "minesweeper_polynormer",
        folds(), "masks", 10, small, "97.46 ± 0.36 with width 512 (Deng et al. 2024, table 2 †)",
    )  # fmt: skip
    yield Row(
        "tolokers_gcn", "tolokers", "GCN with residuals", "minesweeper_tuned_gcn", folds(),
        "masks", 10,
        ("data.graph=tolokers", "model.num_layers=5", "training.num_epochs=200"),
        "83.64 ± 0.67 (Platonov et al. 2023, table 4 †)",
    )  # fmt: skip
    yield Row(
        "tolokers_polynormer", "tolokers", "Polynormer, width 64", "tolokers_polynormer", folds(),
        "masks", 10,
        ("model.dim=64", "model.num_heads=8", "model.num_layers=3", "model.num_global_layers=1",
         "optimizer.learning_rate=3e-3", "training.num_epochs=200"),
        "85.91 ± 0.74 with width 960 (Deng et al. 2024, table 2 †)",
    )  # fmt: skip


def _graphs() -> Iterable[Row]:
    for name, published, epochs in (
        ("MUTAG", "89.4 ± 5.6", 100), ("PROTEINS", "76.2 ± 2.8", 40), ("NCI1", "82.7 ± 1.7", 40),
    ):  # fmt: skip
        changes = (f"data.graphs={name}", f"training.num_epochs={epochs}")
        yield Row(
            f"{name.lower()}_gin", name, "GIN", "tudataset_gin", folds(), "folds", 10, changes,
            f"{published} (Xu et al. 2019, table 1 †; epoch chosen by test)",
        )  # fmt: skip
        yield Row(
            f"{name.lower()}_gps", name, "GPS", "tudataset_gps", folds(), "folds", 10, changes
        )


def _molecules() -> Iterable[Row]:
    for graphs, name, epochs, scaffold, random in (
        ("freesolv", "FreeSolv", 100, "", "1.15 (MPNN, Wu et al. 2018 †)"),
        ("esol", "ESOL", 100, "", "0.58 (MPNN, Wu et al. 2018 †)"),
        ("bace", "BACE", 40, "80.6 (Weave), 86.7 (forest) (Wu et al. 2018 †)", ""),
        ("bbbp", "BBBP", 40, "69.0 (GraphConv, Wu et al. 2018 †)", ""),
        ("lipo", "Lipophilicity", 40, "", "0.655 (GraphConv, Wu et al. 2018 †)"),
    ):
        for split, told, score in (
            ("scaffold", "scaffold", scaffold),
            ("random", "random", random),
        ):
            own = ("data.split=random",) if split == "random" else ()
            recipe = f"moleculenet_gps:{graphs}"
            kind: Kind = "draws" if split == "random" else "seeds"
            data = f"{name}, {told} split"
            runs = draws() if split == "random" else one_by_one(3)
            yield Row(
                f"{graphs}_gps_{split}", data, "GPS", recipe, runs, kind, 3,
                (*own, f"training.num_epochs={epochs}"), score,
            )  # fmt: skip
            yield Row(
                f"{graphs}_forest_{split}", data, "forest of fingerprints", recipe, runs, kind, 3,
                own, forest=True,
            )  # fmt: skip
    yield Row(
        "molhiv_gps", "ogbg-molhiv", "GPS, 3 layers", "molhiv_gps", ("seed=0",), "seeds", 1,
        ("model.num_layers=3", "batch.size=128", "optimizer.learning_rate=1e-3",
         "optimizer.warmup_epochs=0.5", "training.num_epochs=4"),
        "78.80 ± 1.01 with 10 layers, 100 epochs (Rampášek et al. 2022 †)",
    )  # fmt: skip
    yield Row(
        "molhiv_forest", "ogbg-molhiv", "forest of fingerprints", "molhiv_gps", ("seed=0",),
        "seeds", 1, published="80.60 ± 0.10 (OGB's table of molhiv †)", forest=True,
    )  # fmt: skip


TABLES: dict[str, tuple[Row, ...]] = {
    "citations": tuple(_citations()),
    "heterophilous": tuple(_heterophilous()),
    "graphs": tuple(_graphs()),
    "molecules": tuple(_molecules()),
}
ROWS = {row.name: row for rows in TABLES.values() for row in rows}
