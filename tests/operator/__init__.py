"""Those who run a node: is it alive, is it whole, what waits and why."""
