"""Git addresses, refs, options: no socket is opened here."""
