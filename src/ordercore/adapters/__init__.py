"""How the world answers: one technology a package, independent of one another."""
