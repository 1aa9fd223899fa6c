"""Sources of data: one dataset per file, each a frozen dataclass with `load()`.

`SOURCES` maps the names that `config.data.name` may have to the classes.
"""

from gtx.data.sources.algorithms import Algorithms
from gtx.data.sources.amazon import Amazon
from gtx.data.sources.base import DataSource
from gtx.data.sources.brec import BREC
from gtx.data.sources.characters import Characters
from gtx.data.sources.cifar10_superpixels import CIFAR10Superpixels
from gtx.data.sources.clrs import CLRS
from gtx.data.sources.cluster import Cluster
from gtx.data.sources.coauthor import Coauthor
from gtx.data.sources.coco_sp import COCOSP
from gtx.data.sources.csl import CSL
from gtx.data.sources.csv_molecules import CSV
from gtx.data.sources.digits import Digits
from gtx.data.sources.exp import EXP
from gtx.data.sources.graph6 import Graph6
from gtx.data.sources.heterophilous import Heterophilous
from gtx.data.sources.labelled_graphs import LabelledGraphs
from gtx.data.sources.large_graph import LargeGraph
from gtx.data.sources.lrim import LRIM
from gtx.data.sources.malnet_tiny import MalNetTiny
from gtx.data.sources.mnist_superpixels import MNISTSuperpixels
from gtx.data.sources.moleculenet import MoleculeNet
from gtx.data.sources.moses import MOSES
from gtx.data.sources.nell import NELL
from gtx.data.sources.ogbg_code2 import OGBGCode2
from gtx.data.sources.ogbg_molhiv import OGBGMolhiv
from gtx.data.sources.ogbg_molpcba import OGBGMolpcba
from gtx.data.sources.ogbl_collab import OGBLCollab
from gtx.data.sources.ogbn_arxiv import OGBNArxiv
from gtx.data.sources.ogbn_products import OGBNProducts
from gtx.data.sources.ogbn_proteins import OGBNProteins
from gtx.data.sources.packed_file import PackedFile
from gtx.data.sources.pascalvoc_sp import PascalVOCSP
from gtx.data.sources.pattern import Pattern
from gtx.data.sources.pcqm4mv2 import PCQM4Mv2
from gtx.data.sources.pcqm_contact import PCQMContact
from gtx.data.sources.peptides_func import PeptidesFunc
from gtx.data.sources.peptides_struct import PeptidesStruct
from gtx.data.sources.planetoid import Planetoid
from gtx.data.sources.planetoid_links import PlanetoidLinks
from gtx.data.sources.qm9 import QM9
from gtx.data.sources.ring_transfer import RingTransfer
from gtx.data.sources.sbm_cluster import SBMCluster
from gtx.data.sources.sbm_pattern import SBMPattern
from gtx.data.sources.sequences import Sequences
from gtx.data.sources.solubility import Solubility
from gtx.data.sources.tables import Tables
from gtx.data.sources.tree_neighbours_match import TreeNeighboursMatch
from gtx.data.sources.tudataset import TUDataset
from gtx.data.sources.zinc import ZINC
from gtx.data.sources.zinc_full import ZINCFull

SOURCES: dict[str, type[DataSource]] = {
    "algorithms": Algorithms,
    "amazon": Amazon,
    "brec": BREC,
    "characters": Characters,
    "cifar10_superpixels": CIFAR10Superpixels,
    "clrs": CLRS,
    "cluster": Cluster,
    "coauthor": Coauthor,
    "coco_sp": COCOSP,
    "csl": CSL,
    "csv": CSV,
    "digits": Digits,
    "exp": EXP,
    "graph6": Graph6,
    "heterophilous": Heterophilous,
    "labelled_graphs": LabelledGraphs,
    "large_graph": LargeGraph,
    "lrim": LRIM,
    "malnet_tiny": MalNetTiny,
    "mnist_superpixels": MNISTSuperpixels,
    "moleculenet": MoleculeNet,
    "moses": MOSES,
    "nell": NELL,
    "ogbg_code2": OGBGCode2,
    "ogbl_collab": OGBLCollab,
    "ogbn_arxiv": OGBNArxiv,
    "ogbn_products": OGBNProducts,
    "ogbn_proteins": OGBNProteins,
    "ogbg_molhiv": OGBGMolhiv,
    "ogbg_molpcba": OGBGMolpcba,
    "packed": PackedFile,
    "pascalvoc_sp": PascalVOCSP,
    "pattern": Pattern,
    "pcqm4mv2": PCQM4Mv2,
    "pcqm_contact": PCQMContact,
    "peptides_func": PeptidesFunc,
    "peptides_struct": PeptidesStruct,
    "planetoid": Planetoid,
    "planetoid_links": PlanetoidLinks,
    "qm9": QM9,
    "ring_transfer": RingTransfer,
    "sbm_cluster": SBMCluster,
    "sbm_pattern": SBMPattern,
    "sequences": Sequences,
    "solubility": Solubility,
    "tables": Tables,
    "tree_neighbours_match": TreeNeighboursMatch,
    "tudataset": TUDataset,
    "zinc": ZINC,
    "zinc_full": ZINCFull,
}

__all__ = [
    "BREC",
    "CLRS",
    "COCOSP",
    "CSL",
    "CSV",
    "EXP",
    "LRIM",
    "MOSES",
    "NELL",
    "QM9",
    "SOURCES",
    "ZINC",
    "Algorithms",
    "Amazon",
    "CIFAR10Superpixels",
    "Characters",
    "Cluster",
    "Coauthor",
    "DataSource",
    "Digits",
    "Graph6",
    "Heterophilous",
    "LabelledGraphs",
    "LargeGraph",
    "MNISTSuperpixels",
    "MalNetTiny",
    "MoleculeNet",
    "OGBGCode2",
    "OGBGMolhiv",
    "OGBGMolpcba",
    "OGBLCollab",
    "OGBNArxiv",
    "OGBNProducts",
    "OGBNProteins",
    "PCQM4Mv2",
    "PCQMContact",
    "PackedFile",
    "PascalVOCSP",
    "Pattern",
    "PeptidesFunc",
    "PeptidesStruct",
    "Planetoid",
    "PlanetoidLinks",
    "RingTransfer",
    "SBMCluster",
    "SBMPattern",
    "Sequences",
    "Solubility",
    "TUDataset",
    "Tables",
    "TreeNeighboursMatch",
    "ZINCFull",
]
