"""From a compiled step to the ``%%step`` cell that says it: its line and its body.

What is written here is a proposal. `pipecell.conversion` compiles it, says with ``--set`` what differs, and
shows nothing that is not the same definition.
"""
