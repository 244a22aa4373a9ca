"""The Python code that steps run: where it is, and what can be seen in it without running it."""
