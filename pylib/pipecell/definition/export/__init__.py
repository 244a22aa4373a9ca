"""A pipeline without pipecell: as a template, as a script, as a workflow, with the policies that it needs."""
