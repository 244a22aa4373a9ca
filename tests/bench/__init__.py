"""The budgets of speed, measured beside the peers on the same work in one run: `make bench`."""
