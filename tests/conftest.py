"""Settings of the test suite."""

from hypothesis import HealthCheck, settings

# Two slow cores are shared by much else: wall time says nothing about a single example.
settings.register_profile(
    "simnet",
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("simnet")
