"""Drawings of molecules for a page."""

import re

from markupsafe import Markup

from gtx.data import smiles


def drawn(text: str, width: int = 220, height: int = 160) -> Markup | None:
    """A molecule as SVG; None if the SMILES is none, or without RDKit (the extra `molecules`).

    No text of a file gets into the SVG: it holds only what RDKit draws of atoms and bonds.
    """
    try:
        # It refuses what may follow a SMILES: names, and extensions with texts to be drawn.
        (molecule,), _ = smiles.parse([text])
        from rdkit.Chem.Draw import rdMolDraw2D
    except ImportError:
        return None
    if molecule is None:
        return None
    canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
    canvas.drawOptions().useBWAtomPalette()
    with smiles.quiet():
        rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule)
    canvas.FinishDrawing()
    svg = canvas.GetDrawingText()
    # A page needs neither the declaration of XML nor names of its dialects.
    svg = svg[svg.index("<svg") :]
    return Markup(re.sub(r"\s+xmlns(:\w+)?=(['\"])[^'\"]*\2", "", svg))
