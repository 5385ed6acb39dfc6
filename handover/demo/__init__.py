"""Two nodes, synthetic people and personas, so that anybody can try the service in a minute."""
