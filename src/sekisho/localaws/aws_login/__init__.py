"""`aws login` at the local AWS: the sign-in for it, the tokens, and the sessions that there are."""
