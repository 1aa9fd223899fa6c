"""Positional and structural encodings, one family per file.

They run with numpy on the host, and most also with jax.numpy inside a compiled step. `ENCODINGS`
maps the name that a config uses to the class. The folder `engine` applies encodings to a dataset,
and `algebra` is the linear algebra that several of them share.
"""

from gtx.encodings.base import MAX_NODES as MAX_NODES
from gtx.encodings.base import Encoding as Encoding
from gtx.encodings.base import EncodingError as EncodingError
from gtx.encodings.degree import Degree as Degree
from gtx.encodings.degree import DegreeClass as DegreeClass
from gtx.encodings.electrostatic import Electrostatic as Electrostatic
from gtx.encodings.engine.apply import apply as apply
from gtx.encodings.engine.apply import encode as encode
from gtx.encodings.engine.memory import estimate_memory as estimate_memory
from gtx.encodings.engine.symmetry import check_symmetry as check_symmetry
from gtx.encodings.heat_kernel import HeatKernel as HeatKernel
from gtx.encodings.heat_kernel import HeatKernelDiagonal as HeatKernelDiagonal
from gtx.encodings.laplacian import LaplacianEigenvectors as LaplacianEigenvectors
from gtx.encodings.magnetic_laplacian import MagneticLaplacian as MagneticLaplacian
from gtx.encodings.pagerank import PageRank as PageRank
from gtx.encodings.pagerank import PersonalizedPageRank as PersonalizedPageRank
from gtx.encodings.random_features import OrthogonalRandomFeatures as OrthogonalRandomFeatures
from gtx.encodings.random_features import RandomIdentifiers as RandomIdentifiers
from gtx.encodings.random_walk import RandomWalk as RandomWalk
from gtx.encodings.resistance import ResistanceDistance as ResistanceDistance
from gtx.encodings.rrwp import RRWP as RRWP
from gtx.encodings.shortest_path import ShortestPathDistance as ShortestPathDistance
from gtx.encodings.shortest_path import ShortestPaths as ShortestPaths
from gtx.encodings.sinusoidal import Sinusoidal as Sinusoidal
from gtx.encodings.substructures import SubstructureCounts as SubstructureCounts
from gtx.encodings.svd import SingularVectors as SingularVectors
from gtx.encodings.weisfeiler_leman import WeisfeilerLeman as WeisfeilerLeman

ENCODINGS: dict[str, type[Encoding]] = {
    "degree": Degree,
    "degree_class": DegreeClass,
    "electrostatic": Electrostatic,
    "heat_kernel": HeatKernel,
    "heat_kernel_diagonal": HeatKernelDiagonal,
    "laplacian": LaplacianEigenvectors,
    "magnetic_laplacian": MagneticLaplacian,
    "orthogonal_random_features": OrthogonalRandomFeatures,
    "pagerank": PageRank,
    "personalized_pagerank": PersonalizedPageRank,
    "random_identifiers": RandomIdentifiers,
    "random_walk": RandomWalk,
    "resistance": ResistanceDistance,
    "rrwp": RRWP,
    "shortest_paths": ShortestPaths,
    "sinusoidal": Sinusoidal,
    "singular_vectors": SingularVectors,
    "spd": ShortestPathDistance,
    "substructures": SubstructureCounts,
    "weisfeiler_leman": WeisfeilerLeman,
}
