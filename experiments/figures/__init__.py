"""Pictures of the documentation, each drawn by a command."""
