"""scapy (https://scapy.net) as a judge of mobility messages: one packet a line, each answered by what scapy makes of it.

read         hexadecimal packets on standard input; a JSON object of each
write SEED N N random packets that scapy builds: hexadecimal digits, a blank and the JSON object
"""

import json
import logging
import random
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet6 import (  # noqa: E402
    HAO,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrRouting,
    MIP6MH_BA,
    MIP6MH_BE,
    MIP6MH_BRR,
    MIP6MH_BU,
    MIP6MH_CoT,
    MIP6MH_CoTI,
    MIP6MH_Generic,
    MIP6MH_HoT,
    MIP6MH_HoTI,
    MIP6OptAltCoA,
    MIP6OptBindingAuthData,
    MIP6OptBRAdvice,
    MIP6OptMNID,
    MIP6OptMobNetPrefix,
    MIP6OptNonceIndices,
    MIP6OptUnknown,
    Pad1,
    PadN,
    _MobilityHeader,
    in6_chksum,
)

MESSAGES = {
    "BRR": MIP6MH_BRR,
    "HoTI": MIP6MH_HoTI,
    "CoTI": MIP6MH_CoTI,
    "HoT": MIP6MH_HoT,
    "CoT": MIP6MH_CoT,
    "BU": MIP6MH_BU,
    "BA": MIP6MH_BA,
    "BE": MIP6MH_BE,
}


def option(it):
    if isinstance(it, Pad1):
        return {"type": 0}
    if isinstance(it, PadN):
        return {"type": 1, "data": bytes(it.optdata).hex()}
    said = {"type": it.otype}
    if isinstance(it, MIP6OptBRAdvice):
        said["refreshIntervalSeconds"] = it.rinter * 4
    elif isinstance(it, MIP6OptAltCoA):
        said["careOfAddress"] = it.acoa
    elif isinstance(it, MIP6OptNonceIndices):
        said["homeNonceIndex"] = it.hni
        said["careOfNonceIndex"] = it.coni
    elif isinstance(it, MIP6OptBindingAuthData):
        said["authenticator"] = "%024x" % it.authenticator
    else:
        said["data"] = bytes(it)[2:].hex()
    return said


def message(mh):
    said = {
        "payloadProto": mh.nh,
        "mhType": mh.mhtype,
        "reserved": mh.res,
        "checksum": mh.cksum,
    }
    if isinstance(mh, MIP6MH_Generic):
        # Of an unknown message scapy takes eight bytes too few for its data.
        said["data"] = bytes(mh.original)[6 : 8 + 8 * mh.len].hex()
        return said
    kind = mh.mhtype
    if kind == 0:
        said["reserved2"] = mh.res2
    elif kind in (1, 2):
        said["reserved2"] = int.from_bytes(mh.reserved, "big")
        said["cookie"] = bytes(mh.cookie).hex()
    elif kind in (3, 4):
        said["nonceIndex"] = mh.index
        said["cookie"] = bytes(mh.cookie).hex()
        said["keygenToken"] = bytes(mh.token).hex()
    elif kind == 5:
        said["sequence"] = mh.seq
        said["rawFlags"] = int(mh.flags) << 9 | mh.reserved
        said["lifetimeSeconds"] = mh.mhtime * 4
        names = str(mh.flags)
        said["flags"] = {
            "acknowledge": "A" in names,
            "homeRegistration": "H" in names,
            "linkLocal": "L" in names,
            "keyManagement": "K" in names,
        }
    elif kind == 6:
        said["status"] = mh.status
        said["rawFlags"] = int(mh.flags) << 5 | mh.res2
        said["sequence"] = mh.seq
        said["lifetimeSeconds"] = mh.mhtime * 4
        said["flags"] = {"keyManagement": "K" in str(mh.flags)}
    elif kind == 7:
        said["status"] = mh.status
        said["reserved2"] = mh.reserved
        said["homeAddress"] = mh.ha
    said["options"] = [option(it) for it in mh.options]
    return said


def packet(raw):
    ip = IPv6(raw)
    said = {"source": ip.src, "destination": ip.dst, "homeAddress": None, "routed": None}
    mh = ip
    while not isinstance(mh, _MobilityHeader):
        if isinstance(mh, IPv6ExtHdrRouting) and mh.type == 2:
            said["routed"] = [mh.segleft, *mh.addresses]
        if isinstance(mh, IPv6ExtHdrDestOpt):
            for it in mh.options:
                if isinstance(it, HAO):
                    said["homeAddress"] = it.hoa
        mh = mh.payload
    whole = bytes(mh.original)
    said["message"] = message(mh)
    said["hdrlen"] = mh.len
    # in6_chksum() sees a home address option only where it is alone, without the padding that it needs: so the addresses
    # are given. Where scapy builds a packet, it is alone and scapy finds them itself.
    ends = IPv6(src=said["homeAddress"] or ip.src, dst=said["routed"][1] if said["routed"] else ip.dst)
    said["right"] = in6_chksum(135, ends, whole[:4] + b"\0\0" + whole[6:])
    return said


def address():
    raw = bytearray(random.randbytes(16))
    raw[0] = 0x20
    if random.random() < 0.5:
        start = random.randrange(1, 16)
        end = random.randrange(start, 17)
        raw[start:end] = bytes(end - start)
    return ":".join("%x" % int.from_bytes(raw[i : i + 2], "big") for i in range(0, 16, 2))


def some(chance=0.5):
    return random.random() < chance


def number(bits):
    return random.getrandbits(bits)


def random_options(kind):
    options = []
    if some(0.2):
        data = random.randbytes(random.randrange(24))
        options.append(MIP6OptUnknown(otype=random.randrange(60, 256), olen=len(data), odata=data))
    if some(0.1):
        options.append(MIP6OptMobNetPrefix(plen=random.randrange(129), prefix=address()))
    if some(0.1):
        options.append(MIP6OptMNID(subtype=1, id=b"node@example"))
    if kind == "BA" and some():
        options.append(MIP6OptBRAdvice(rinter=number(16)))
    if kind == "BU":
        if some():
            options.append(MIP6OptAltCoA(acoa=address()))
        if some():
            # Its own olen is 16, which no such option has.
            options.append(MIP6OptNonceIndices(olen=4, hni=number(16), coni=number(16)))
    if kind in ("BU", "BA") and some():
        # Here too.
        options.append(MIP6OptBindingAuthData(olen=12, authenticator=number(96)))
    return options


def random_message():
    kind = random.choice(list(MESSAGES))
    fields = {"options": random_options(kind), "res": number(8)}
    if kind == "BRR":
        fields["res2"] = number(16)
    elif kind in ("HoTI", "CoTI"):
        fields["cookie"] = random.randbytes(8)
        fields["reserved"] = random.randbytes(2)
        # CoTI and CoT have their type as an attribute, and send another.
        fields["mhtype"] = 1 if kind == "HoTI" else 2
    elif kind in ("HoT", "CoT"):
        fields["index"] = number(16)
        fields["cookie"] = random.randbytes(8)
        fields["token"] = random.randbytes(8)
        fields["mhtype"] = 3 if kind == "HoT" else 4
    elif kind == "BU":
        fields.update(seq=number(16), flags=number(7), reserved=number(9), mhtime=number(16))
    elif kind == "BA":
        fields.update(status=number(8), flags=number(3), res2=number(5))
        fields.update(seq=number(16), mhtime=number(16))
    elif kind == "BE":
        fields.update(status=number(8), reserved=number(8), ha=address())
    return MESSAGES[kind](**fields)


def random_packet():
    it = IPv6(src=address(), dst=address(), hlim=number(8))
    if some(0.3):
        it /= IPv6ExtHdrRouting(type=2, addresses=[address()])
    if some(0.3):
        it /= IPv6ExtHdrDestOpt(options=[HAO(hoa=address())])
    return bytes(it / random_message())


if sys.argv[1] == "read":
    for line in sys.stdin:
        print(json.dumps(packet(bytes.fromhex(line))))
else:
    random.seed(int(sys.argv[2]))
    for _ in range(int(sys.argv[3])):
        raw = random_packet()
        print(raw.hex(), json.dumps(packet(raw)))
