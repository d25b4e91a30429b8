"""What the world may ask of the core: one capability a file, commands on top, use cases below."""
