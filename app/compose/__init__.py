"""Compose files → nodes and edges of the canvas. Pure: files in a mapping, options, out comes a graph with findings.

Reading:
- `files.py`: the files that were given; nothing else is ever read
- `yaml_reader.py`, `scalars.py`: YAML 1.2 with limits counted while composing
- `schema_check.py`, `usable.py`: the published JSON schema, and what is left when a file breaks it
- `interpolation.py`, `dotenv.py`: variables
- `layers.py`, `merging.py`, `unique.py`, `extending.py`: several files, one project
- `short_forms.py`, `mounts.py`, `ports.py`, `units.py`, `casting.py`, `places.py`: every short form in its long form
- `old_versions.py`: files of the first versions
- `reading.py`: all of that in its order; `settling.py` ends it; `project.py` is what comes out

Converting:
- `names.py`, `hosts.py`, `secrecy.py`, `images.py`: what things are called, what is secret, what images are
- `options.py`, `work.py`: what a person chose; a conversion while it is going on
- `kinds.py`, `container.py`, `environment.py`, `limits.py`, `probes.py`, `jobs.py`: a service's workload
- `storage.py`, `mounted_files.py`: its volumes, files, configs and secrets
- `exposure.py`, `policies.py`, `dependencies.py`: Services, Ingresses, policies and edges
- `remarks.py`: what is said about every key that has no field
- `layout.py`, `drawing/`: where each card lies
- `converting.py`: a project → graph and findings; `analysis.py`: the contract's answer
- `manifests_of.py`: plain objects
- `__main__.py`: the command line
"""
