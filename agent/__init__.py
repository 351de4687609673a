"""The conversation: a LangGraph graph, its brains and the ways in."""
