"""A judge of return routability: what was captured of it, checked by Python's own HMAC and hashes.

argv[1]: a pcap file of cooked frames (LINKTYPE_LINUX_SLL2). Prints one line a message: its type, and for Binding Updates and
Acknowledgements whether the authenticator is the one that RFC 6275 5.2.6 wants of the tokens captured before.
"""
import hashlib, hmac, struct, sys

data = open(sys.argv[1], "rb").read()
at = 24
home = care_of = None
while at < len(data):
    size = struct.unpack_from("<I", data, at + 8)[0]
    packet = data[at + 16 + 20:at + 16 + size]
    at += 16 + size
    source, destination = packet[8:24], packet[24:40]
    following, place, home_address = packet[6], 40, None
    # The home address option and the type 2 routing header have the address at the same place.
    while following in (43, 60):
        home_address = packet[place + 8:place + 24]
        length = packet[place + 1] * 8 + 8
        following, place = packet[place], place + length
    message = packet[place:]
    kind = message[2]
    if kind == 3:
        home = message[16:24]
    if kind == 4:
        care_of = message[16:24]
    verdict = ""
    if kind in (5, 6):
        deletes = struct.unpack_from(">H", message, 10)[0] == 0
        tokens = home if deletes else home + care_of
        # The mobile node's care-of address, or when it deletes its home address; then the correspondent.
        mobile, other = (source, destination) if kind == 5 else (destination, source)
        mobile = home_address if deletes else mobile
        signed = mobile + other + message[:4] + b"\0\0" + message[6:-12]
        wanted = hmac.new(hashlib.sha1(tokens).digest(), signed, hashlib.sha1).digest()[:12]
        verdict = " right" if wanted == message[-12:] else " wrong"
    print(f"{kind}{verdict}")
