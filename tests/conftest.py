"""Settings of all tests: a property keeps those that stand when its module is imported."""

from hypothesis import HealthCheck, settings

# Machines that build are slow and busy: no test says how fast an example must be.
settings.register_profile("pipecell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pipecell")
