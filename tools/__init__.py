"""What the agent can do: no model in here."""
