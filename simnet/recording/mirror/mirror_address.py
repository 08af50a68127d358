"""Addresses of object stores, and how they are written where others read them."""

import re
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from simnet.errors import UsageError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SCHEMES = ("file", "s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs")
"""Those that `pyarrow.fs.FileSystem.from_uri` knows."""
_OPEN_KEYS = {"region", "scheme", "endpoint_override", "allow_bucket_creation", "project_id"}
"""Parameters of addresses whose values are no secrets; all others are masked."""
_ONE_REQUEST = "allow_delayed_open=true"
"""Lets S3 take a small object in one request in the place of three; older pyarrow lacks it."""
_MASK = "***"
_USER = re.compile(r"//[^/@\s]*@")


def is_address(text: object) -> bool:
    """Whether a text is the address of an object store, such as `s3://bucket/prefix`."""
    return isinstance(text, str) and _ADDRESS.match(text) is not None


class MirrorAddress(NamedTuple):
    """The address of a folder of an object store, in the form that `pyarrow.fs` takes."""

    scheme: str
    user: str
    """User and password, as in the address; empty if there are none."""
    host: str
    path: str
    query: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Read an address. Raises UsageError for one that no store can have."""
        parts = urlsplit(text)
        user, _, host = parts.netloc.rpartition("@")
        shown = _USER.sub("//", text)
        if not is_address(text) or parts.scheme not in _SCHEMES:
            raise UsageError(
                f"{shown!r} is no address of an object store; give one such as "
                "s3://bucket/prefix, gs://bucket/prefix or file:///folder"
            )
        if parts.scheme == "file" and (host or not parts.path.startswith("/")):
            raise UsageError(f"{shown!r}: the address of a folder has three slashes: file:///...")
        if parts.scheme != "file" and not host:
            raise UsageError(f"{shown!r} names no bucket; give one such as s3://bucket/prefix")
        path = parts.path.rstrip("/")
        if parts.fragment or any(part in {".", ".."} for part in path.split("/")):
            raise UsageError(f"{shown!r}: leave out '#', '.' and '..'")
        return cls(parts.scheme, user, host, path, parts.query)

    @property
    def url(self) -> str:
        """The address with its secrets."""
        host = f"{self.user}@{self.host}" if self.user else self.host
        return urlunsplit((self.scheme, host, self.path or "/", self.query, ""))

    def __str__(self) -> str:
        """Write the address without secrets."""
        pairs = [
            (key, _USER.sub(f"//{_MASK}@", value) if key in _OPEN_KEYS else _MASK)
            for key, value in parse_qsl(self.query, keep_blank_values=True)
        ]
        query = "&".join(f"{quote(key)}={quote(value, safe='/:*@')}" for key, value in pairs)
        host = f"{_MASK}@{self.host}" if self.user else self.host
        return urlunsplit((self.scheme, host, self.path, query, ""))

    @property
    def has_secrets(self) -> bool:
        """Whether its written form lacks something."""
        return _MASK in str(self)

    def scrubbed(self, text: str) -> str:
        """Return a message of a store without the secrets of the address."""
        secrets = [self.user, *self.user.split(":")]
        secrets += [v for k, v in parse_qsl(self.query) if k not in _OPEN_KEYS]
        for secret in sorted((one for one in secrets if len(one) > 2), key=len, reverse=True):
            text = text.replace(secret, _MASK)
        return _USER.sub(f"//{_MASK}@", text)

    def child(self, name: str) -> "MirrorAddress":
        """Return the address of a folder in this one."""
        return self._replace(path=f"{self.path}/{name}")

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> "MirrorAddress":
        """The address of the folder that this one is in."""
        return self._replace(path=self.path.rpartition("/")[0])

    def connect(self) -> tuple[Any, str]:
        """Return the file system of `pyarrow.fs`, and the path in it. Raises OSError.

        Credentials are found as pyarrow does: in the environment, in the configuration of the
        provider, or from the machine.
        """
        from pyarrow import ArrowException, fs  # noqa: PLC0415  (slow)

        one_request = f"{self.query}&{_ONE_REQUEST}".lstrip("&")
        wanted = [self._replace(query=one_request)] if self.scheme == "s3" else []
        for address in (*wanted, self):
            try:
                system, path = fs.FileSystem.from_uri(address.url)
            except (ArrowException, ValueError) as error:
                if address is self:
                    raise OSError(self.scrubbed(str(error))) from None
            else:
                break
        return system, path.rstrip("/")
