"""The only place for the collections of a unit of work over SQL: what is held, claimed and saved, by aggregate."""
