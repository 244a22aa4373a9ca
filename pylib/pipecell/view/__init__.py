"""Seeing a pipeline: DOT, SVG, text."""
