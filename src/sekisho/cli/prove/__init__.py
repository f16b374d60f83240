"""The command `sekisho prove`."""
