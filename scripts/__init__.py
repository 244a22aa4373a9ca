"""What makes the data, pages and pictures of the repository, and runs `make`'s targets."""
