"""The store in dicts, for unit tests and plug-in writers."""
