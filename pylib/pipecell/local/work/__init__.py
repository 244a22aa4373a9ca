"""What really happens: pipelines walked, jobs supervised, sandboxes made."""
