"""The workflows domain on the embedded servers; no cluster is called."""
