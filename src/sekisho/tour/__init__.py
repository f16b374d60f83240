"""The rehearsal on a local AWS, and the guides to do the same by hand.

`tour.rehearsal` starts a server, which is heavy; `tour.guide` only writes.
"""
