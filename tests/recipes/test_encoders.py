"""Encoders of encodings that the package does not know."""

import gtx.nn
from gtx.data import Continuous, GraphSpec
from gtx.encodings import LaplacianEigenvectors
from gtx.recipes import encoders
from tests.encodings.test_base import Powers


class Sums(Powers):
    def columns(self):
        return {("node", self.name): Continuous(2)}


class Few(LaplacianEigenvectors):
    pass


def test_numbers_of_an_unknown_encoding_are_normalised_and_mapped():
    encodings = (Sums(name="sums"), Few(4), LaplacianEigenvectors(4, name="all"))
    spec = GraphSpec(nodes={"sums": Continuous(2)})
    _, learned, _ = encoders.of_nodes(spec, encodings, dim=3, laplacian=gtx.nn.LaplacianEncoder)
    sums = learned["sums"](column="sums")
    assert isinstance(sums, gtx.nn.LinearEncoder) and sums.norm is gtx.nn.BatchNorm
    assert sums.dim == 3
    for name in ("laplacian", "all"):
        assert isinstance(learned[name](column=name), gtx.nn.LaplacianEncoder)
