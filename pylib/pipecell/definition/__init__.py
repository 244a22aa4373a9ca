"""Facts from a compiled definition: JSON in, facts out, no effects."""
