"""Disks that fail on purpose, for tests of the recorder."""

import errno
import os

from simnet.foundation.disk import Disk


class PowerLossError(BaseException):
    """The machine is gone: nothing that runs on it may go on."""


class FaultyDisk(Disk):
    """Fails the nth operation once: an `OSError` after which everything works again."""

    def __init__(self, nth, code=errno.EIO):
        self.nth = nth
        self.code = code
        self.operations = 0

    @property
    def failed(self):
        return self.operations >= self.nth

    def _count(self):
        self.operations += 1
        if self.operations == self.nth:
            self.fail()

    def fail(self):
        raise OSError(self.code, os.strerror(self.code))

    def create(self, path):
        self._count()
        return super().create(path)

    def write(self, descriptor, data):
        if self.operations + 1 == self.nth:
            super().write(descriptor, memoryview(data)[: len(data) // 2])
        self._count()
        super().write(descriptor, data)

    def fsync(self, descriptor):
        self._count()
        super().fsync(descriptor)

    def close(self, descriptor):
        super().close(descriptor)
        self._count()

    def replace(self, source, target):
        self._count()
        super().replace(source, target)

    def unlink(self, path):
        self._count()
        super().unlink(path)

    def list_folder(self, path):
        self._count()
        return super().list_folder(path)


class FragileDisk(FaultyDisk):
    """Loses power at the nth operation, and with it all that was not synced.

    Without a sync, written bytes are lost, and so are names made, renamed or removed in a
    folder; a name that was removed comes back with what it held.
    """

    def __init__(self, nth):
        super().__init__(nth)
        self._paths = {}
        self._synced = {}
        self._undo = []

    def fail(self):
        raise PowerLossError

    def _count(self):
        if self.failed:
            raise PowerLossError
        super()._count()

    def create(self, path):
        descriptor = super().create(path)
        self._paths[descriptor] = path
        self._synced[path] = 0
        self._undo.append((path.parent, lambda: path.unlink(missing_ok=True)))
        return descriptor

    def fsync(self, descriptor):
        super().fsync(descriptor)
        if path := self._paths.get(descriptor):
            self._synced[path] = os.fstat(descriptor).st_size

    def close(self, descriptor):
        self._paths.pop(descriptor, None)
        super().close(descriptor)

    def replace(self, source, target):
        moved, old = source.read_bytes(), target.read_bytes() if target.exists() else None
        super().replace(source, target)
        self._synced[target] = self._synced.pop(source, len(moved))

        def undo():
            source.write_bytes(moved)
            target.unlink() if old is None else target.write_bytes(old)

        self._undo.append((source.parent, undo))

    def unlink(self, path):
        content = path.read_bytes() if path.exists() else None
        super().unlink(path)
        if content is not None:
            self._undo.append((path.parent, lambda: path.write_bytes(content)))

    def sync_folder(self, path):
        super().sync_folder(path)
        self._undo = [(folder, undo) for folder, undo in self._undo if folder != path]

    def lose_power(self):
        """Leave on the real disk what a machine would find after it came back."""
        for path, size in self._synced.items():
            if path.exists():
                os.truncate(path, min(size, path.stat().st_size))
        for _folder, undo in reversed(self._undo):
            undo()
