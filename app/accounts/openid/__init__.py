"""Sign-in by OpenID Connect: the way to the provider and back, and whose account it opens."""
