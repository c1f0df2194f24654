# The same with scapy: how long it takes to read so many Router Advertisements into objects, to the last layer.
import sys
import time

from scapy.layers.inet6 import ICMPv6ND_RA

BATCH = 100

for line in sys.stdin:
    operation, count = line.split()
    message = open(f"{sys.argv[1]}/{operation.split('-')[1]}", "rb").read()
    times = []
    for _ in range(int(count)):
        start = time.monotonic_ns()
        for _ in range(BATCH):
            layer = ICMPv6ND_RA(message)
            while layer:
                layer = layer.payload
        times.append(time.monotonic_ns() - start)
    print(*times, flush=True)
