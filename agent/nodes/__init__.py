"""The five nodes of the graph, one a file."""
