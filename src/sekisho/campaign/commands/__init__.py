"""The commands of a campaign."""
