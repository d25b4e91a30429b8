"""For plug-in writers: contract suites, builders, strategies and fault plans."""
