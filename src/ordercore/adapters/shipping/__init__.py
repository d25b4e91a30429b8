"""Carriers and their labels."""
