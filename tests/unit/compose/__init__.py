"""Compose files → graphs: reading beside the real `docker compose config`, converting by the contract's tables."""
