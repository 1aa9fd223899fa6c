"""The sources of data that a config may name, made from `config.data`."""

from collections.abc import Callable, Mapping

from ml_collections import ConfigDict

from gtx.data import Dataset, csl, csv_source, peptides, sbm, solubility, zinc


def _solubility(settings: ConfigDict) -> Dataset:
    return solubility.load(features=settings.features)


def _csv(settings: ConfigDict) -> csv_source.CsvData:
    return csv_source.load(
        settings.path,
        smiles_column=settings.smiles,
        target_columns=settings.target,
        kind=settings.kind,
        features=settings.features,
        split="column" if settings.split == "column" else "none",
        split_column=settings.get("split_column", "split"),
    )


def _zinc(settings: ConfigDict) -> Dataset:
    return zinc.load(settings.root)


def _peptides_func(settings: ConfigDict) -> Dataset:
    return peptides.load(settings.root)


def _csl(settings: ConfigDict) -> Dataset:
    return csl.load(seed=settings.split_seed, num_folds=settings.num_folds, fold=settings.fold)


def _sbm_cluster(settings: ConfigDict) -> Dataset:
    return sbm.cluster(
        settings.num_graphs,
        seed=settings.split_seed,
        num_communities=settings.num_communities,
        sizes=(settings.min_size, settings.max_size),
        inside=settings.inside,
        across=settings.across,
    )


SOURCES: Mapping[str, Callable[[ConfigDict], Dataset | csv_source.CsvData]] = {
    "csl": _csl,
    "csv": _csv,
    "peptides_func": _peptides_func,
    "sbm_cluster": _sbm_cluster,
    "solubility": _solubility,
    "zinc": _zinc,
}
