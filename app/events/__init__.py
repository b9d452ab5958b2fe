"""The event bus: publish, replay, fan-out. Knows no domain; an event is a copy of something already written.

channels.py  names of channels and of their keys in Redis; which are kept, which count by rev
message.py   Event, and Message: what one publish carries, on the wire and in this process
bus.py       EventBus: what a domain publishes with
replay.py    what was published after a given id, when that is known exactly
fanout.py    one connection to Redis for all viewers of an API process
subscription.py  one viewer's bounded queue
revs.py      RevChecker: finds channels that are behind the store
"""
