"""Draws molecules with the contributions of their atoms, as SVG and PNG.

Needs the extra `molecules`. RDKit draws both forms with the same calls.
"""

import dataclasses
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

# Sky blue and orange of Okabe & Ito (2008): below 0, and above. People with any form of colour
# blindness tell them apart, and black letters can be read on both.
BELOW, ABOVE = (0.337, 0.706, 0.914), (0.902, 0.624, 0.0)
WIDTH, HEIGHT, BAR = 420, 340, 64  # of a molecule, and below it the legend, in pixels
_STEPS = 60  # of colour in the legend
_SPELLED = {"±": "+/-", "°": "deg ", "µ": "u", "μ": "u", "−": "-", "–": "-", "·": "."}


@dataclasses.dataclass(frozen=True)
class Panel:
    """One molecule of a picture.

    Attributes:
      molecule: of RDKit; its conformer, if it has one, says where atoms are drawn.
      values: of each atom; NaN has no colour.
      title: below the molecule.
      marked: atoms with a ring around them, such as those that another molecule lacks.
    """

    molecule: Any
    values: np.ndarray
    title: str
    marked: tuple[int, ...] = ()


def colour(value: float, limit: float) -> tuple[float, float, float]:
    """White at 0, blue at -limit and below, orange at limit and above."""
    share = min(abs(value) / limit, 1.0) if limit > 0 else 0.0
    end = ABOVE if value > 0 else BELOW
    red, green, blue = (1 + share * (part - 1) for part in end)
    return red, green, blue


def in_ascii(text: str) -> str:
    """What RDKit's font can draw: it leaves out all other characters. Unknown ones become "?"."""
    letters = []
    for letter in text:
        spelled = _SPELLED.get(letter, letter)
        if not spelled.isascii():
            plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
            spelled = plain or "?"
        letters.append(spelled)
    return "".join(letters)


def draw(panels: Sequence[Panel], legend: str, *, limit: float | None = None) -> tuple[str, bytes]:
    """Molecules side by side, with one scale of colours below them.

    Args:
      panels: the molecules.
      legend: what the colours show, with the unit.
      limit: the value of the full colour; None is the largest among the atoms.

    Returns:
      SVG and PNG.
    """
    from rdkit.Chem.Draw import rdMolDraw2D

    values = np.concatenate([np.abs(panel.values) for panel in panels])
    values = values[np.isfinite(values)]
    if limit is None:
        limit = float(values.max(initial=0.0))
    size = WIDTH * len(panels), HEIGHT + BAR
    drawn = []
    kinds: tuple[Any, ...] = (rdMolDraw2D.MolDraw2DSVG, rdMolDraw2D.MolDraw2DCairo)
    for kind in kinds:
        canvas: Any = kind(*size, WIDTH, HEIGHT)
        options = canvas.drawOptions()
        options.useBWAtomPalette()
        options.legendFontSize = 16
        options.legendFraction = 0.16
        options.padding = 0.08
        for place, panel in enumerate(panels):
            canvas.SetOffset(place * WIDTH, 0)
            _molecule(canvas, panel, limit)
        canvas.SetOffset(0, 0)
        _bar(canvas, size, legend, limit)
        canvas.FinishDrawing()
        drawn.append(canvas.GetDrawingText())
    return drawn[0], drawn[1]


def laid_out(molecules: Sequence[Any], core: Any = None) -> list[Any]:
    """Copies with places of atoms in the plane; a core that all have lies alike in all.

    Args:
      molecules: of RDKit.
      core: numbers of the atoms of the core in each molecule; None or empty for none.
    """
    from rdkit import Chem
    from rdkit.Chem import rdDepictor
    from rdkit.Geometry import Point2D

    copies = [Chem.Mol(molecule) for molecule in molecules]
    rdDepictor.Compute2DCoords(copies[0])
    places = copies[0].GetConformer()
    for number, copy in enumerate(copies[1:], start=1):
        fixed = {}
        if core is not None and len(core[0]) > 1:
            for own, first in zip(core[number], core[0], strict=True):
                point = places.GetAtomPosition(first)
                fixed[own] = Point2D(point.x, point.y)
        rdDepictor.Compute2DCoords(copy, coordMap=fixed)
    return copies


def _molecule(canvas: Any, panel: Panel, limit: float) -> None:
    from rdkit.Chem.Draw import rdMolDraw2D

    known = [int(atom) for atom in np.flatnonzero(np.isfinite(panel.values))]
    prepared = rdMolDraw2D.PrepareMolForDrawing(panel.molecule, addChiralHs=False)
    canvas.DrawMolecule(
        prepared,
        legend=in_ascii(panel.title),
        highlightAtoms=known,
        highlightAtomColors={atom: colour(panel.values[atom], limit) for atom in known},
        highlightAtomRadii={atom: 0.42 for atom in known},
        highlightBonds=[],
    )
    canvas.SetFillPolys(False)
    canvas.SetLineWidth(2)
    canvas.SetColour((0.0, 0.0, 0.0))
    for atom in panel.marked:
        point = canvas.GetDrawCoords(int(atom))
        radius = 0.5 * canvas.scale() if hasattr(canvas, "scale") else 14.0
        canvas.DrawEllipse(
            type(point)(point.x - radius, point.y - radius),
            type(point)(point.x + radius, point.y + radius),
            True,
        )


def _bar(canvas: Any, size: tuple[int, int], legend: str, limit: float) -> None:
    """The legend of colours, from -limit to limit."""
    from rdkit.Geometry import Point2D

    width, height = size
    left, right = (width - 260) / 2, (width + 260) / 2
    top, bottom = height - BAR + 22, height - BAR + 38
    step = (right - left) / _STEPS
    canvas.SetFillPolys(True)
    canvas.SetLineWidth(1)
    for number in range(_STEPS):
        canvas.SetColour(colour((2 * (number + 0.5) / _STEPS - 1) * limit, limit))
        start = left + number * step
        canvas.DrawRect(Point2D(start, top), Point2D(start + step, bottom), True)
    canvas.SetColour((0.0, 0.0, 0.0))
    canvas.SetFontSize(13)
    texts = [(left, f"{-limit:.3g}"), ((left + right) / 2, "0"), (right, f"{limit:.3g}")]
    for place, text in texts:
        canvas.DrawString(text, Point2D(place, bottom + 12), 0, True)
    canvas.DrawString(in_ascii(legend), Point2D(width / 2, top - 12), 0, True)
