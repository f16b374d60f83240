"""HTTP and AWS's protocols, apart from any account: server, signatures, contents, errors."""
