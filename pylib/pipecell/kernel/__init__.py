"""What pipecell knows of the Jupyter kernel that it runs in.

``cells`` says which cell runs and whether anybody looks, ``crew`` and ``subshells`` do work for a front end
without holding up a cell.
What is shown is in `pipecell.live`, and what the JupyterLab extension is told in `pipecell.frontend`.
"""
