"""Sources of data: one dataset per file, each a frozen dataclass with `load()`.

`SOURCES` maps the names that `config.data.name` may have to the classes. A source is one file and
one line here. Its name is that of its file, unless the class has another `recipe_name`.
"""

from gtx.data.sources.algorithms import Algorithms as Algorithms
from gtx.data.sources.amazon import Amazon as Amazon
from gtx.data.sources.base import DataSource as DataSource
from gtx.data.sources.brec import BREC as BREC
from gtx.data.sources.characters import Characters as Characters
from gtx.data.sources.cifar10_superpixels import CIFAR10Superpixels as CIFAR10Superpixels
from gtx.data.sources.clrs import CLRS as CLRS
from gtx.data.sources.cluster import Cluster as Cluster
from gtx.data.sources.coauthor import Coauthor as Coauthor
from gtx.data.sources.coco_sp import COCOSP as COCOSP
from gtx.data.sources.csl import CSL as CSL
from gtx.data.sources.csv_molecules import CSV as CSV
from gtx.data.sources.digits import Digits as Digits
from gtx.data.sources.exp import EXP as EXP
from gtx.data.sources.graph6 import Graph6 as Graph6
from gtx.data.sources.heterophilous import Heterophilous as Heterophilous
from gtx.data.sources.labelled_graphs import LabelledGraphs as LabelledGraphs
from gtx.data.sources.large_graph import LargeGraph as LargeGraph
from gtx.data.sources.lrim import LRIM as LRIM
from gtx.data.sources.malnet_tiny import MalNetTiny as MalNetTiny
from gtx.data.sources.mnist_superpixels import MNISTSuperpixels as MNISTSuperpixels
from gtx.data.sources.moleculenet import MoleculeNet as MoleculeNet
from gtx.data.sources.moses import MOSES as MOSES
from gtx.data.sources.nell import NELL as NELL
from gtx.data.sources.ogbg_code2 import OGBGCode2 as OGBGCode2
from gtx.data.sources.ogbg_molhiv import OGBGMolhiv as OGBGMolhiv
from gtx.data.sources.ogbg_molpcba import OGBGMolpcba as OGBGMolpcba
from gtx.data.sources.ogbl_collab import OGBLCollab as OGBLCollab
from gtx.data.sources.ogbn_arxiv import OGBNArxiv as OGBNArxiv
from gtx.data.sources.ogbn_products import OGBNProducts as OGBNProducts
from gtx.data.sources.ogbn_proteins import OGBNProteins as OGBNProteins
from gtx.data.sources.packed_file import PackedFile as PackedFile
from gtx.data.sources.pascalvoc_sp import PascalVOCSP as PascalVOCSP
from gtx.data.sources.pattern import Pattern as Pattern
from gtx.data.sources.pcqm4mv2 import PCQM4Mv2 as PCQM4Mv2
from gtx.data.sources.pcqm_contact import PCQMContact as PCQMContact
from gtx.data.sources.peptides_func import PeptidesFunc as PeptidesFunc
from gtx.data.sources.peptides_struct import PeptidesStruct as PeptidesStruct
from gtx.data.sources.planetoid import Planetoid as Planetoid
from gtx.data.sources.planetoid_links import PlanetoidLinks as PlanetoidLinks
from gtx.data.sources.qm9 import QM9 as QM9
from gtx.data.sources.ring_transfer import RingTransfer as RingTransfer
from gtx.data.sources.sbm_cluster import SBMCluster as SBMCluster
from gtx.data.sources.sbm_pattern import SBMPattern as SBMPattern
from gtx.data.sources.sequences import Sequences as Sequences
from gtx.data.sources.solubility import Solubility as Solubility
from gtx.data.sources.tables import Tables as Tables
from gtx.data.sources.tree_neighbours_match import TreeNeighboursMatch as TreeNeighboursMatch
from gtx.data.sources.tudataset import TUDataset as TUDataset
from gtx.data.sources.zinc import ZINC as ZINC
from gtx.data.sources.zinc_full import ZINCFull as ZINCFull

SOURCES: dict[str, type[DataSource]] = {
    kind.recipe_name or kind.__module__.rpartition(".")[2]: kind
    for kind in list(vars().values())
    if isinstance(kind, type) and issubclass(kind, DataSource) and kind is not DataSource
}
