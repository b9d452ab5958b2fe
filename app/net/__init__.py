"""The guard for outbound addresses.

guard     which addresses a user's host may lead to
lookup    names into addresses, with a time limit
"""
