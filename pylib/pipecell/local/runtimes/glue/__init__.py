"""Modules that only scripts of Glue see; on their path, never imported by pipecell."""
