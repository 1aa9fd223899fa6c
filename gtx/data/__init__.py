"""The columnar Dataset of graphs, its sources and its splits. Host, numpy."""

from gtx.data import convert as convert
from gtx.data import csv_source as csv_source
from gtx.data import molecules as molecules
from gtx.data import packed as packed
from gtx.data import packed_folder as packed_folder
from gtx.data import smiles as smiles
from gtx.data import sources as sources
from gtx.data import splits as splits
from gtx.data.check import DatasetError as DatasetError
from gtx.data.columns import SPLITS as SPLITS
from gtx.data.csv_source import CsvError as CsvError
from gtx.data.dataset import Dataset as Dataset
from gtx.data.edge_sets import EdgeTable as EdgeTable
from gtx.data.molecules import MoleculeWarning as MoleculeWarning
from gtx.data.scaling import Scaler as Scaler
from gtx.data.scaling import standardize as standardize
from gtx.data.scaling import with_descriptors as with_descriptors
from gtx.data.spec import Categorical as Categorical
from gtx.data.spec import Column as Column
from gtx.data.spec import Continuous as Continuous
from gtx.data.spec import GraphSpec as GraphSpec
from gtx.data.spec import Label as Label
from gtx.data.targets import TargetTable as TargetTable
