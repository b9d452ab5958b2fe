"""The services of each layer, as mixins that `app/bootstrap.py` puts together. Imports inside: see there."""
