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

Looking around and choosing:
- `choices.py`, `options.py`: what a person chose, and its JSON
- `candidates.py`, `kept.py`: what in a repository could be deployed; what other options need again
- `dockerfiles.py`, `nixpacks.py`, `single.py`: a repository that is one program
- `plain/`: Kubernetes manifests
- `detection.py`: given files → the whole analysis

Converting:
- `names.py`, `hosts.py`, `secrecy.py`, `images.py`: what things are called, what is secret, what images are
- `work.py`: a conversion while it is going on
- `kinds.py`, `container.py`, `builds.py`, `environment.py`, `limits.py`, `probes.py`, `jobs.py`: a service's workload
- `storage.py`, `mounted_files.py`: its volumes, files, configs and secrets
- `listening.py`, `exposure.py`, `policies.py`, `dependencies.py`: Services, Ingresses, policies and edges
- `remarks.py`: what is said about every key that has no field
- `layout.py`, `drawing/`: where each card lies
- `converting.py`: a project → graph and findings
- `analysis.py`, `service_views.py`, `estimate.py`: the contract's answer
- `placing.py`, `following.py`, `spots.py`: imported nodes beside those that a workflow has
- `manifests_of.py`: plain objects
- `__main__.py`: the command line
"""
