"""The command `sekisho local`."""
