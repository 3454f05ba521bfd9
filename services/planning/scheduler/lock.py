"""The lock in Redis that picks the one scheduler at work."""

from uuid import uuid4

from redis import Redis

_KEY = "planning:scheduler"
# Only its owner may prolong or release the lock: both compare the token and act in one step.
_RENEW = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0
"""


class SchedulerLock:
    """A lock with an owner and an expiry: a holder that dies or loses Redis has a successor after `lease_seconds`.

    It says who should plan, for as long as clocks and pauses allow it to be true; that nothing is planned twice is up
    to the fence in PostgreSQL. Every method raises redis.RedisError while Redis does not answer.
    """

    def __init__(self, redis: "Redis", *, lease_seconds: float) -> None:
        self._redis = redis
        self._lease_milliseconds = round(lease_seconds * 1000)
        # Another one for each process, so that a restarted scheduler does not take itself for its predecessor.
        self._token = uuid4().hex

    def acquire(self) -> bool:
        """Takes the lock if nobody has it."""
        return bool(self._redis.set(_KEY, self._token, nx=True, px=self._lease_milliseconds))

    def renew(self) -> bool:
        """Prolongs the lock; False if it is not, or no longer, this one's."""
        return bool(self._redis.eval(_RENEW, 1, _KEY, self._token, self._lease_milliseconds))

    def release(self) -> None:
        """Lets go of the lock, so that a successor need not wait for its expiry."""
        self._redis.eval(_RELEASE, 1, _KEY, self._token)
