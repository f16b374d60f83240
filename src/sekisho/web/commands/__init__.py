"""The command `sekisho web`, and the console that `sekisho local` and `sekisho tour` open."""
