"""How fast Squint is: `make bench`, or `make bench ONLY=name`; one JSON line for each figure."""
