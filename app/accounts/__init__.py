"""Users, passwords, sessions, tokens, invite codes, profile.

- `models`: documents, bodies, answers; `store`: every query on users, sessions, invites
- `passwords`: the rules, bcrypt; `tokens`: the JWT, made and read in one place
- `standing`: who a session belongs to and whether it lives, from a cache of a second; `authenticator`: the guards' end
- `sessions`: begin, refresh with rotation, end; `callers`: network, place and device of a request
- `sign_up`, `sign_in`, `invites`, `profiles`: what people do; `startup`: older data brought up to date
- `routes`: HTTP
"""
