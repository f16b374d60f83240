"""The commands that write to people: `sekisho notify` and `sekisho card`."""
