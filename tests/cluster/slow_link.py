"""A slow link between two network interfaces that it makes: delays frames and loses some.

Run as `slow_link.py NAME NAME`; prints `ready` and ends when it is killed. It stands in for the
kernel's `netem`, which not every kernel has. The interfaces are TAP devices: the kernel hands out
whole frames with their checksums, which it does not at the end of a veth pair.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

DELAY = 0.05
"""Seconds that a frame takes in each direction."""
LOST = 0.01
"""The share of frames that are lost."""
_TUNSETIFF, _TAP, _WITHOUT_HEADER = 0x400454CA, 0x0002, 0x1000
_LONGEST_FRAME = 65_536


def tap(name):
    """Make a TAP device, which lives as long as its descriptor is open."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", name.encode(), _TAP | _WITHOUT_HEADER))
    return descriptor


def relay(one, other):
    """Pass frames on between two devices."""
    chance = random.Random(1)
    across = {one: other, other: one}
    under_way = []  # times, counts that keep frames of one time in order, targets and frames
    count = 0
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        for source in select.select([one, other], [], [], wait)[0]:
            frame = os.read(source, _LONGEST_FRAME)
            if chance.random() >= LOST:
                count += 1
                heapq.heappush(under_way, (time.monotonic() + DELAY, count, across[source], frame))
        while under_way and under_way[0][0] <= time.monotonic():
            *_, target, frame = heapq.heappop(under_way)
            try:
                os.write(target, frame)
            except OSError:
                continue  # the device is down, or its queue is full: such frames are lost too


if __name__ == "__main__":
    ends = [tap(name) for name in sys.argv[1:]]
    print("ready", flush=True)
    relay(*ends)
