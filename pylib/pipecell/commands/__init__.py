"""The verbs of pipecell: one table, two faces (`pipecell.magics` and `pipecell.cli`)."""
