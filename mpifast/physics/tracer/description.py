"""Particles as plain facts, and back: what files, stores and fingerprints keep of them."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from mpifast.physics.relaxation import fokker_planck
from mpifast.physics.tracer import anisotropy, sizes
from mpifast.physics.tracer.particle import Particle

LONGEST = 2**20  # characters of a text
PARTS = {"sizes": sizes.KINDS, "relaxation": fokker_planck.KINDS, "anisotropy": anisotropy.KINDS}


def particle_facts(particle: Particle) -> dict[str, Any]:
    """Every parameter of a particle by name; a part of its model as a dict with its ``type``. What is None is left out.

    Examples
    --------
    >>> import mpifast
    >>> facts = particle_facts(mpifast.Particle(20e-9, sizes=mpifast.LogNormal(0.2)))
    >>> sorted(facts), facts["sizes"]
    (['diameter', 'saturation_magnetization', 'sizes', 'temperature'], \
{'type': 'LogNormal', 'sigma': 0.2, 'weighting': 'number'})
    """
    facts = {field.name: getattr(particle, field.name) for field in fields(particle) if field.name not in PARTS}
    for name in PARTS:
        part = getattr(particle, name)
        if part is not None:
            facts[name] = {"type": type(part).__name__, **asdict(part)}
    return facts


def particle_from(facts: Any) -> Particle:
    """The particle that `particle_facts` described.

    Raises
    ------
    ValueError
        If the facts are not those of a particle that this version of mpifast knows.

    Examples
    --------
    >>> import mpifast
    >>> particle = mpifast.Particle(20e-9, sizes=mpifast.LogNormal(0.2), relaxation=mpifast.Debye(1e-6))
    >>> particle_from(particle_facts(particle)) == particle
    True
    """
    try:
        given = _dict_of("particle", facts)
        for name, kinds in PARTS.items():
            if given.get(name) is not None:
                part = _dict_of(f"{name} of the particle", given[name])
                named = {kind.__name__: kind for kind in kinds}
                kind = part.pop("type", None)
                if kind not in named:
                    raise ValueError(
                        f"the particle has the {name} {kind!r:.60}, which this version of mpifast does not know:"
                        " python -m pip install --upgrade mpifast"
                    )
                given[name] = named[kind](**part)
        return Particle(**given)
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(
            f"the particle has parameters that this version of mpifast does not know ({error}):"
            " python -m pip install --upgrade mpifast"
        ) from error


def particle_text(particle: Particle) -> str:
    """`particle_facts` as one line of JSON."""
    return json.dumps(particle_facts(particle), sort_keys=True)


def particle_of_text(text: Any) -> Particle:
    """The particle that `particle_text` wrote.

    Raises
    ------
    ValueError
        If the text is damaged, or not of a particle that this version of mpifast knows.

    Examples
    --------
    >>> import mpifast
    >>> particle = mpifast.Particle(20e-9, anisotropy=mpifast.Uniaxial(1400.0, (1.0, 1.0, 0.0)))
    >>> particle_of_text(particle_text(particle)) == particle
    True
    """
    try:
        if not isinstance(text, str) or len(text) > LONGEST:
            raise ValueError(f"got {type(text).__name__} of {len(text) if isinstance(text, str) else 1} characters")
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the particle is described by no JSON text ({error})") from error
    return particle_from(facts)


def _dict_of(name: str, facts: Any) -> dict[str, Any]:
    """A copy of facts by name."""
    if not isinstance(facts, dict):
        raise ValueError(f"the {name} is {facts!r:.60}, expected parameters by name")
    return dict(facts)
