"""What AWS says on the wire, one room a service."""
