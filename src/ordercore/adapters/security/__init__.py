"""Password hashes, tokens and seals."""
