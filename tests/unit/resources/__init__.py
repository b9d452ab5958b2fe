"""States of what runs in a cluster, judged on objects captured from a real one."""
