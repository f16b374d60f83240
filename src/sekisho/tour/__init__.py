"""The rehearsal on a local AWS, and the guides to do the same by hand.

The two are sub-packages with faces of their own: `tour.rehearsal` starts a server, which is heavy;
`tour.guide` only writes. Here is the example company, which is a file.
"""

from sekisho.tour.company import ADMINISTRATOR, COMPANY_FILE, MACHINE, example_company

__all__ = ["ADMINISTRATOR", "COMPANY_FILE", "MACHINE", "example_company"]
