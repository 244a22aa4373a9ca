"""From cells to a definition, through the SDKs."""
