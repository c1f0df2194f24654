"""scapy and tshark at mobility messages, told by lines as mobility.ts is, with the paths of a corpus and a capture.

parse COUNT, build COUNT   scapy
tshark COUNT               tshark -T fields over the capture, which has so many packets
"""

import logging
import resource
import subprocess
import sys
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers import inet6  # noqa: E402

CLASSES = [
    inet6.MIP6MH_BRR,
    inet6.MIP6MH_HoTI,
    inet6.MIP6MH_CoTI,
    inet6.MIP6MH_HoT,
    inet6.MIP6MH_CoT,
    inet6.MIP6MH_BU,
    inet6.MIP6MH_BA,
    inet6.MIP6MH_BE,
]
FIELDS = [
    "mip6.mhtype",
    "mip6.csum",
    "mip6.hoti.cookie",
    "mip6.coti.cookie",
    "mip6.hot.nindex",
    "mip6.hot.cookie",
    "mip6.hot.token",
    "mip6.cot.nindex",
    "mip6.cot.cookie",
    "mip6.bu.seqnr",
    "mip6.bu.lifetime",
    "mip6.ba.status",
    "mip6.ba.seqnr",
    "mip6.ba.lifetime",
    "mip6.be.status",
    "mip6.be.haddr",
    "mip6.bra.interval",
    "mip6.acoa.acoa",
    "mip6.ni.hni",
    "mip6.ni.cni",
    "mip6.bad.auth",
]

corpus, capture = sys.argv[1:]
messages = []
with open(corpus, "rb") as file:
    while size := file.read(2):
        messages.append(file.read(int.from_bytes(size, "big")))
parsed = [CLASSES[message[2]](message) for message in messages]


def parse(count):
    for i in range(count):
        message = messages[i % len(messages)]
        CLASSES[message[2]](message)


def build(count):
    for i in range(count):
        message = parsed[i % len(parsed)]
        # A packet that was dissected gives its own bytes again.
        message.raw_packet_cache = None
        bytes(message)


def tshark(_):
    words = [word for field in FIELDS for word in ("-e", field)]
    subprocess.run(
        ["tshark", "-n", "-r", capture, "-T", "fields", *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(it.ru_utime + it.ru_stime for it in used)


for line in sys.stdin:
    name, count = line.split()
    started, spent = time.monotonic(), cpu()
    {"parse": parse, "build": build, "tshark": tshark}[name](int(count))
    wall, spent = time.monotonic() - started, cpu() - spent
    print(round(wall * 1e9), round(spent * 1e9), flush=True)
