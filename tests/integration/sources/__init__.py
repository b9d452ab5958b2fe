"""Tests of app/sources against a Git host on the loopback."""
