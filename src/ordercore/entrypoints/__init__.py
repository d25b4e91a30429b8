"""How the world asks: HTTP, the command line, the worker."""
