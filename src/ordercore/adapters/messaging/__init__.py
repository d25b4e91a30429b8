"""How events leave the house: webhooks and brokers."""
