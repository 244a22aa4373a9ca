"""A pipeline without pipecell: as a template, as a script, as a workflow, with the policies that it needs."""

EXPORT_FORMATS = ("json", "cloudformation", "python", "github-actions", "policy")
"""What a pipeline can be exported as."""
