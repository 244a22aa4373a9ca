"""Rules that find what is wrong in a definition before it is launched."""
