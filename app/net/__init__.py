"""The guard for outbound addresses.

guard       which addresses a user's host may lead to
host_names  a host's name in one spelling
lookup      names into addresses, with a time limit
"""
