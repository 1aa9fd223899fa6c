"""The table: what the paper says and where, how it is tested, and the gates set beforehand."""

from experiments.paper import effects, identities

CLAIMS = tuple(sorted((*identities.CLAIMS, *effects.CLAIMS), key=lambda claim: claim.number))
