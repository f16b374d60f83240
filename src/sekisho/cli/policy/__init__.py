"""The commands `sekisho policy …`."""
