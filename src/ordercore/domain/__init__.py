"""What is true of orders: frozen values, transitions and refusals; no clock, no ids made here, no I/O."""
