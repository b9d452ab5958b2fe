"""Users, passwords, sessions, tokens, invite codes, profile."""
