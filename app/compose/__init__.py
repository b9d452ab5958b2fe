"""Compose files → nodes and edges of the canvas. Pure: files in a mapping, options, out comes a graph with findings.

Reading:
- `files.py`: the files that were given; nothing else is ever read
- `yaml_reader.py`, `scalars.py`: YAML 1.2 with limits counted while composing
- `schema_check.py`: the published JSON schema
- `interpolation.py`, `dotenv.py`: variables
- `merging.py`, `unique.py`, `extending.py`, `including.py`: several files, one project
- `short_forms.py`, `mounts.py`, `ports.py`, `units.py`: every short form in its long form
- `old_versions.py`: files of the first versions
- `reading.py`: all of that in its order; `project.py` is what comes out

Converting:
- `names.py`, `secrecy.py`, `images.py`: what things are called, what is secret, which images are known
- `workloads.py`, `kinds.py`, `environment.py`, `storage.py`, `probes.py`, `security.py`, `resources.py`: a service's workload
- `exposure.py`, `policies.py`, `dependencies.py`: Services, Ingresses, policies and edges
- `remarks.py`: what is said about every key that has no field
- `converting.py`: a project → graph and findings; `analysis.py`: the contract's answer
- `__main__.py`: the command line
"""
