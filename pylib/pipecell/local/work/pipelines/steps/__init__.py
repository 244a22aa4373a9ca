"""What each step type does: one handler a file, found by the registry."""
