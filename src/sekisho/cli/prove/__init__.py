"""The commands of `sekisho prove`, one for each kind of subject."""
