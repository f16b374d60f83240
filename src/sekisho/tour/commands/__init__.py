"""The commands `sekisho tour` and `sekisho guide`."""
