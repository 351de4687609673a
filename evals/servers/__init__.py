"""Real servers on free loopback ports, for tests, the lab and whoever wants to try: each stops by itself at the end."""


class ServerMissing(RuntimeError):
    """The server is not installed; the message names what to install."""
