"""Image registries: what a registry tells about an image, without pulling it. Knows no Compose, no workflow.

references  an image's name taken apart
challenges  what a registry asks for before it answers: tokens
client      manifests and blobs over the distribution API, guarded
reading     manifests and configurations → facts
images      the facts of an image, remembered by digest
errors      what can go wrong
models      answers
routes      HTTP
"""
