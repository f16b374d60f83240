"""`aws login` at the local AWS: its sign-in, its tokens, and its sessions."""
