"""The fault suite: real processes, killed at random under load, to a receiver that misbehaves (`make chaos`)."""
