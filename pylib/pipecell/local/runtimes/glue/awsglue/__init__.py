"""What scripts of Glue's Python shell import from AWS's ``awsglue``."""
