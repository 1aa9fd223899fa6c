"""The commands: thin mains over the library."""
