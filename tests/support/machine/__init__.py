"""The state machine that drives a whole core through its façade, and compares it with the model after every step."""

from tests.support.machine.machine import CoreMachine

__all__ = ["CoreMachine"]
