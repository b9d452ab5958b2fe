"""A cluster's connection: requests, apply, watch loop, discovery. Knows no domain.

What others use:
    access        where a cluster is and who we are there
    client        read, apply, create, patch, delete objects
    connection    calls and streams; everything above stands on it
    discovery     where a kind is served
    errors        what a call can end with
    listing       which objects (`Scope`), and all of them page by page
    objects       kinds, paths, references
    quantities    `500m`, `1.5Gi` as numbers
    watch         follow a kind; `events`, `pace`, `probe` belong to it

Inside:
    answers       an HTTP answer as JSON or error
    backoff       growing pauses
    deadline      how long a whole call may take
    freshness     never back to an older state
    interrupt     end a blocked call from another thread
    lines         bytes into lines
    payload       writes a request
    response      reads an HTTP answer
    scrub         a Secret's values out of errors
    stream        an answer being read
    target        a server's URL taken apart
    tls           which certificates count, and why one doesn't
    transport     guarded sockets
"""
