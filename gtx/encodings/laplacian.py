"""Eigenvectors of the graph Laplacian (LapPE)."""

import dataclasses
from typing import Any, ClassVar, Literal

import jax
import numpy as np
import scipy.sparse

from gtx.data.spec import Column, Continuous
from gtx.encodings.algebra.decompositions import eigh, select
from gtx.encodings.algebra.lanczos import needed_bytes, smallest_eigenpairs
from gtx.encodings.algebra.products import matmul
from gtx.encodings.algebra.pseudoinverse import components, undirected
from gtx.encodings.base import Key

NORMALIZATIONS = ("sym", "none", "rw")
VECTOR_NORMS = ("L2", "L1", "abs-max", "wavelength")


@dataclasses.dataclass(frozen=True)
class LaplacianEigenvectors:
    """The eigenvectors of the k smallest eigenvalues of the Laplacian, orthonormal.

    Belkin and Niyogi (2003); Dwivedi and Bresson (2020). As in GraphGPS
    (`get_lap_decomp_stats`), the trivial eigenpairs are among the k smallest, and eigenvalues are
    clipped at 0. An encoder must not rely on the sign of a vector or on the basis of a repeated
    eigenvalue, because both depend on the solver.

    Edges become undirected (two nodes get as many edges as the more frequent direction has),
    self-loops are removed, duplicates count. (GraphGPS counts duplicates if the dataset is marked
    as undirected. Otherwise its `to_undirected` merges all edges between two nodes, of both
    directions, into one. PyTorch Geometric leaves a directed graph directed and takes the real
    part of its eigenvectors.)

    A graph with fewer nodes than vectors has 0 in the missing columns, and the mask column marks
    them (GraphGPS: NaN). Every component, also an isolated node, has one eigenvalue 0, whose vector
    shows which nodes belong to the component (Chung, 1997; PyTorch Geometric gives an isolated node
    the eigenvalue 1 under "sym"). `trivial=False` leaves out all of these vectors. (PyTorch
    Geometric leaves out only the first vector, so that those of other components stay.)

    Under "rw" the vectors v are the right eigenvectors of I - D^-1 A. They are orthonormal under
    the weights w = degree / mean degree (degree 1 if isolated): sum_i w_i v_i^2 = 1. To scale each
    to length 1 would make the vectors of a repeated eigenvalue depend on the basis. (GraphGPS gives
    this matrix, which is not symmetric, to a solver for symmetric matrices.)

    `vector_norm` is GraphGPS's `eigvec_norm`. Let r_i be the length of row i of the vectors of one
    eigenvalue, which is |v_i| if the eigenvalue is not repeated. These vectors are divided by
    sum_i r_i ("L1"), by max_i r_i ("abs-max") or by max_i r_i sqrt(eigenvalue) 2 / pi
    ("wavelength", without the root where the eigenvalue is 0). "L2" does not change them.
    (GraphGPS divides each vector by its own norm, which makes those of a repeated eigenvalue depend
    on the basis. Its "wavelength-asin", arcsin(v_i / max |v|) / sqrt(eigenvalue), and
    "wavelength-soft", v_i / (sum_j p_j |v_j| sqrt(eigenvalue)) with p the softmax of |v|, are not
    offered.)

    Inside a step the gradient with respect to edge weights is that of the eigenvalues and
    eigenvectors where these are simple. Two eigenvalues count as equal if they differ by less than
    sqrt(machine epsilon) of the largest, 3e-4 in float32. A rotation of their vectors among
    themselves has no derivative and gets 0. Every gradient is therefore finite, at most about 1e4
    (1e8 in float64) times the change of the matrix. It is right, at repeated eigenvalues too, for
    functions that treat equal eigenvalues alike (the heat trace) and for functions of whole
    eigenspaces (their projectors). It is not right for functions that weight the vectors of an
    eigenvalue by the eigenvalue: use `HeatKernel`, which has the right gradient of its kernel. If
    both directions of an edge have the same weight, each gets half of the derivative.

    Large sparse graphs are decomposed by Lanczos iterations (`gtx.encodings.algebra.lanczos`). If
    the k-th vector belongs to a repeated eigenvalue, only a part of its eigenspace is kept, and
    the sparse and the dense method may keep different parts.

    Columns: node "<name>_vectors" [nodes, k]; graph "<name>_values" and "<name>_mask"
    [graphs, k].

    Attributes:
      num_vectors: k.
      normalization: "none" D - A, "sym" I - D^-1/2 A D^-1/2, "rw" I - D^-1 A.
      vector_norm: "L2", "L1", "abs-max" or "wavelength".
      trivial: whether to keep the vectors of the eigenvalue 0, one for each component.
    """

    num_vectors: int = 8
    normalization: Literal["sym", "none", "rw"] = "sym"
    vector_norm: Literal["L2", "L1", "abs-max", "wavelength"] = "L2"
    trivial: bool = True
    name: str = "laplacian"
    # The default encoder of its columns in a model.
    encoder: ClassVar[dict[str, Any]] = {"name": "laplacian"}
    level: ClassVar[Literal["node"]] = "node"
    symmetry: ClassVar[Literal["up_to_basis"]] = "up_to_basis"
    version: ClassVar[int] = 3
    dense_matrices: ClassVar[int] = 10

    def __post_init__(self):
        if self.num_vectors < 1:
            raise ValueError(f"num_vectors must be at least 1, got {self.num_vectors}.")
        for field, allowed in (("normalization", NORMALIZATIONS), ("vector_norm", VECTOR_NORMS)):
            if getattr(self, field) not in allowed:
                raise ValueError(f"{field} must be one of {allowed}, got {getattr(self, field)!r}.")

    def columns(self) -> dict[Key, Column]:
        column: Column = Continuous(self.num_vectors)
        return {
            ("node", f"{self.name}_vectors"): column,
            ("graph", f"{self.name}_values"): column,
            ("graph", f"{self.name}_mask"): column,
        }

    def __call__(self, adjacency: Any, xp: Any = np) -> dict[Key, Any]:
        laplacian, weights = _laplacian(adjacency, self.normalization, xp)
        scale = None
        if xp is not np or self.vector_norm != "L2":
            # Gershgorin's bound: no eigenvalue is larger than the largest row sum.
            scale = xp.abs(laplacian).sum(axis=-1).max(axis=-1, initial=0)
        if adjacency.shape[-1] == 0:
            values, vectors = laplacian[:, :, 0:0].sum(axis=1), laplacian
        elif xp is np:
            values, vectors = np.linalg.eigh(laplacian)  # ascending
        else:
            values, vectors = eigh(laplacian, scale)
        first = None if self.trivial else _num_components(adjacency, xp)
        values, vectors, mask = select(values, vectors, first, self.num_vectors, xp)
        return self._finish(values, vectors, mask, weights, scale, xp)

    def sparse(self, adjacency: scipy.sparse.csr_array) -> dict[Key, np.ndarray]:
        adjacency = adjacency.maximum(adjacency.T).tocoo()
        off_diagonal = adjacency.row != adjacency.col
        entries = (adjacency.row[off_diagonal], adjacency.col[off_diagonal])
        adjacency = scipy.sparse.csr_array((adjacency.data[off_diagonal], entries), adjacency.shape)
        adjacency.eliminate_zeros()
        degree = adjacency.sum(axis=1)
        diagonal, scale, weights = _scaling(degree, self.normalization, np)
        ends = (np.repeat(scale, np.diff(adjacency.indptr)), scale[adjacency.indices])
        adjacency.data = adjacency.data * ends[0] * ends[1]
        laplacian = (scipy.sparse.diags_array(diagonal) - adjacency).tocsr()
        values, vectors = smallest_eigenpairs(
            laplacian, 1 / scale, self.num_vectors, trivial=self.trivial
        )
        bound = abs(laplacian).sum(axis=1).max()
        columns = self._finish(
            *select(values[None], vectors[None], None, self.num_vectors, np),
            weights[None],
            np.array([bound]),
            np,
        )
        return {key: column[0] for key, column in columns.items()}

    def sparse_bytes(self, n_node: Any, n_edge: Any) -> Any:
        norms = 0 if self.vector_norm == "L2" else 32 * self.num_vectors * n_node
        return needed_bytes(n_node, n_edge, self.num_vectors) + norms

    def _finish(
        self, values: Any, vectors: Any, mask: Any, weights: Any, scale: Any, xp: Any
    ) -> dict[Key, Any]:
        clipped = xp.maximum(values, 0)
        if xp is not np:
            # Straight-through: an eigenvalue 0 that rounding made negative is clipped, but keeps
            # its derivative, which `maximum` would set to 0.
            clipped = values + jax.lax.stop_gradient(clipped - values)
        if self.normalization == "rw":
            vectors = vectors * weights[:, :, None]
        if self.vector_norm != "L2":
            vectors = vectors / _norm(clipped, vectors, self.vector_norm, scale, xp)[:, None]
        return {
            ("node", f"{self.name}_vectors"): vectors,
            ("graph", f"{self.name}_values"): clipped,
            ("graph", f"{self.name}_mask"): mask.astype(vectors.dtype),
        }


def _norm(values: Any, vectors: Any, norm: str, scale: Any, xp: Any) -> Any:
    """The divisors of the vectors, [graphs, k], the same for all vectors of one eigenvalue."""
    tolerance = np.sqrt(np.finfo(values.dtype).eps) * scale[:, None]
    same = xp.abs(values[:, :, None] - values[:, None, :]) <= tolerance[:, :, None]
    square = matmul(vectors**2, same.astype(vectors.dtype), xp)
    # The inner `where` keeps 0 out of the root, whose slope there is infinite.
    length = xp.where(square > 0, xp.sqrt(xp.where(square > 0, square, 1)), 0)
    norm_of = length.sum(axis=1) if norm == "L1" else length.max(axis=1, initial=0)
    if norm == "wavelength":
        nonzero = values > tolerance
        norm_of = norm_of * xp.where(nonzero, xp.sqrt(xp.where(nonzero, values, 1)), 1) * 2 / np.pi
    return xp.where(norm_of > 0, norm_of, 1)


def _num_components(adjacency: Any, xp: Any) -> Any:
    # Each node adds 1 / (nodes of its component), so that each component adds 1.
    size = components(adjacency, xp).astype(adjacency.dtype).sum(axis=-1)
    return xp.round((1 / xp.maximum(size, 1)).sum(axis=-1)).astype(np.int32)


def _scaling(degree: Any, normalization: str, xp: Any) -> tuple[Any, Any, Any]:
    """The diagonal of the Laplacian, the factors of rows and columns of -A, and weights.

    The weights turn eigenvectors of the "sym" Laplacian into those of the "rw" Laplacian.
    """
    positive = xp.where(degree > 0, degree, 1)
    scale = 1 / xp.sqrt(positive)
    mean = positive.sum(axis=-1, keepdims=True) / max(1, degree.shape[-1])
    weights = xp.sqrt(mean) * scale
    if normalization == "none":
        return degree, xp.ones_like(degree), weights
    return (degree > 0).astype(degree.dtype), scale, weights


def _laplacian(adjacency: Any, normalization: str, xp: Any) -> tuple[Any, Any]:
    """The symmetric matrix to decompose, and the weights that turn "sym" vectors into "rw" ones.

    I - D^-1 A is similar to the "sym" Laplacian, so that one symmetric solver serves both.
    """
    adjacency = undirected(adjacency, xp)
    diagonal, scale, weights = _scaling(adjacency.sum(axis=-1), normalization, xp)
    laplacian = diagonal[:, :, None] * np.eye(adjacency.shape[-1], dtype=adjacency.dtype)
    return laplacian - scale[:, :, None] * adjacency * scale[:, None, :], weights
