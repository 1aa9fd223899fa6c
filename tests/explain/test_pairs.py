"""The core of two molecules, the parts of their difference, and the pictures."""

import numpy as np
import pytest

from gtx.explain import ExplainError, Explanation, mean_of

pytest.importorskip("rdkit")

from gtx.data.smiles import parse_all
from gtx.explain import drawing, pairs


def explanation(values, prediction, baseline, graph=0.0):
    return Explanation(
        "integrated gradients",
        "y",
        "prediction",
        np.array(values, float),
        len(values),
        graph=graph,
        prediction=prediction,
        baseline=baseline,
    )


def test_the_core_is_what_both_have_in_the_order_of_each():
    first, second = parse_all(["Oc1ccccc1C", "CCc1ccccc1O"])
    core = pairs.common_core((first, second))
    assert len(core.first) == len(core.second) == 8
    for own, other in zip(core.first, core.second, strict=True):
        atoms = first.GetAtomWithIdx(own), second.GetAtomWithIdx(other)
        assert atoms[0].GetSymbol() == atoms[1].GetSymbol()
    assert set(range(9)) - set(core.second) == {0}  # the end of the longer chain


def test_of_symmetric_ways_that_with_the_nearest_contributions_is_taken():
    first, second = parse_all(["OCCN", "NCCN"])
    values = np.array([0.0, 5.0, 1.0, 2.0]), np.array([2.0, 1.0, 5.0, 0.0])
    core = pairs.common_core((first, second), values)
    found = dict(zip(core.first, core.second, strict=True))
    assert found == {1: 2, 2: 1, 3: 0}


def test_molecules_with_nothing_in_common_have_no_core():
    core = pairs.common_core(tuple(parse_all(["[Na+].[Cl-]", "CC"])))
    assert core.first == core.second == ()


def test_the_parts_of_a_difference_add_up():
    first = explanation([1.0, 2.0, 4.0], 10.0, 2.5, graph=0.5)
    second = explanation([1.5, 3.0, 7.0, -1.0], 13.0, 2.4, graph=0.25)
    core = pairs.Core((0, 1), (1, 0), "")
    found = pairs.difference(first, second, core)
    assert (found.core, found.only_first, found.only_second) == (1.5, -4.0, 6.0)
    assert found.rest == -0.25 and found.total == 3.0
    parts = found.core + found.only_first + found.only_second + found.rest + found.baseline
    assert parts == pytest.approx(found.total)


def test_colours_tell_signs_apart_and_end_at_the_limit():
    assert drawing.colour(0.0, 1.0) == (1.0, 1.0, 1.0)
    assert drawing.colour(2.0, 2.0) == pytest.approx(drawing.ABOVE)
    assert drawing.colour(-5.0, 2.0) == pytest.approx(drawing.BELOW)
    assert drawing.colour(1.0, 0.0) == (1.0, 1.0, 1.0)
    halfway = drawing.colour(1.0, 2.0)
    np.testing.assert_allclose(halfway, (1 + np.array(drawing.ABOVE)) / 2)


def test_the_core_lies_alike_in_both_pictures():
    molecules = parse_all(["Oc1ccccc1C", "CCc1ccccc1O"])
    core = pairs.common_core(tuple(molecules))
    placed = drawing.laid_out(molecules, (core.first, core.second))
    first, second = (each.GetConformer().GetPositions() for each in placed)
    np.testing.assert_allclose(first[list(core.first)], second[list(core.second)], atol=0.05)


def test_colours_of_atoms_are_in_the_picture():
    (placed,) = drawing.laid_out(parse_all(["CO"]))
    panels = [drawing.Panel(placed, np.array([-1.0, np.nan]), "methanol", (1,))]
    svg, png = drawing.draw(panels, "to logS")
    blue = "#{:02X}{:02X}{:02X}".format(*(int(255 * part) for part in drawing.BELOW))
    atoms = [line for line in svg.splitlines() if "class='atom-" in line and "ellipse" in line]
    assert len(atoms) == 1 and "atom-0" in atoms[0] and f"fill:{blue}" in atoms[0]
    rings = [line for line in svg.splitlines() if "ellipse" in line and "fill:none" in line]
    assert len(rings) == 1
    assert png.startswith(b"\x89PNG")


def test_explanations_of_different_graphs_have_no_mean():
    with pytest.raises(ExplainError, match="different methods, targets or graphs"):
        mean_of([explanation([1.0], 1.0, 0.0), explanation([1.0, 2.0], 1.0, 0.0)])
    with pytest.raises(ExplainError, match="no explanation"):
        mean_of([])


def test_what_the_font_of_a_picture_lacks_is_spelled_or_asked_for():
    assert drawing.in_ascii("m.p., °C: 3 ± 0.5 µM, é, 水²") == "m.p., deg C: 3 +/- 0.5 uM, e, ?2"
