"""A stand-in for the national services that say who somebody is and for whom they may act: artificial persons only.

It is what the embedded default and the tests sign in against. It imports nothing of the project, not even Django, so that it cannot
share a misunderstanding with the clients: OpenID Connect (`provider`) and mandates (`mandates`), each by its published definition.
"""
