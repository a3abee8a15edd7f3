"""The archive and the state of every channel, at rest in one database."""
