"""Draws invented Vietnamese papers with their truth: every kind, several layouts each, from a seed.

Layouts are data (`papers/*.yaml`): what a paper says comes from `facts` and `estates`, where it stands from the layout.
Each page says faintly that it is a specimen.
"""

from vault.demo.drawing.catalogue import Layout, layouts
from vault.demo.drawing.fonts import FontsMissing
from vault.demo.drawing.painting import Drawn, draw
from vault.demo.drawing.sheet import Line

__all__ = ["Drawn", "FontsMissing", "Layout", "Line", "draw", "layouts"]
