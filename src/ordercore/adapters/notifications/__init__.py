"""Ways to tell customers and administrators what happened."""
