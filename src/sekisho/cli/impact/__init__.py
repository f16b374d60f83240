"""The command `sekisho impact`."""
