"""Forwarding of a decided request to moto, which may answer only that request."""
