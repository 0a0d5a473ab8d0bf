"""The reference receiver: a small server that speaks docs/interface, for trying things out and for tests.

It stands alone: the standard library only, nothing of the rest of the project, so that a mistake in the client cannot
also be the receiver's.
"""
