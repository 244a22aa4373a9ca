"""Notebook cells into AWS machine-learning pipelines."""
