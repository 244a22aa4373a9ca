"""AWS on this machine: one background process, one loopback port."""
