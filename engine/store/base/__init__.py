"""The customer base: how files come in, what consents add up to, how a demo base is made."""
