"""Sources of data: one dataset per file, each a frozen dataclass with `load()`.

`SOURCES` maps the names that `config.data.name` may have to the classes.
"""

from gtx.data.sources.base import DataSource
from gtx.data.sources.csl import CSL
from gtx.data.sources.csv_molecules import CSV
from gtx.data.sources.heterophilous import Heterophilous
from gtx.data.sources.peptides_func import PeptidesFunc
from gtx.data.sources.planetoid import Planetoid
from gtx.data.sources.planetoid_links import PlanetoidLinks
from gtx.data.sources.sbm_cluster import SBMCluster
from gtx.data.sources.sbm_pattern import SBMPattern
from gtx.data.sources.solubility import Solubility
from gtx.data.sources.zinc import ZINC

SOURCES: dict[str, type[DataSource]] = {
    "csl": CSL,
    "csv": CSV,
    "heterophilous": Heterophilous,
    "peptides_func": PeptidesFunc,
    "planetoid": Planetoid,
    "planetoid_links": PlanetoidLinks,
    "sbm_cluster": SBMCluster,
    "sbm_pattern": SBMPattern,
    "solubility": Solubility,
    "zinc": ZINC,
}

__all__ = [
    "CSL",
    "CSV",
    "SOURCES",
    "ZINC",
    "DataSource",
    "Heterophilous",
    "PeptidesFunc",
    "Planetoid",
    "PlanetoidLinks",
    "SBMCluster",
    "SBMPattern",
    "Solubility",
]
