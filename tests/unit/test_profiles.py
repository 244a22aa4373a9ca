"""Profiles of pipelines are kept apart, and a change of what is in force is told."""

from __future__ import annotations

from pipecell.profiles import Profile, Profiles


def test_profiles_are_kept_apart() -> None:
    told: list[str] = []
    profiles = Profiles(told.append)
    assert profiles.get("p") == Profile("smoke")
    profiles.put_in_force("p", Profile("full", {"n": 1}))
    assert profiles.get("p") == Profile("full", {"n": 1})
    assert profiles.get("p", "smoke") == Profile("smoke")
    assert profiles.get("q") == Profile("smoke")
    assert told == ["p"]
