"""Records what the kernel dumps, and what ip(8) says of the same: run as root by `unshare -n python3 capture.py`.

`capture.py vrf` records VRF devices alone, for a kernel that has them.

Writes beside itself: NAME.hex, one netlink datagram a line, and NAME.ip, the answer of iproute2. Everything
happens in the network namespace it is started in, which must be a new one.
"""

import os
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
GETLINK, GETADDR, GETROUTE, GETRULE, GETNEXTHOP = 18, 22, 26, 34, 106
AF_INET, AF_INET6 = socket.AF_INET, socket.AF_INET6
SOL_NETLINK, STRICT, NDUSEROPT_GROUP = 270, 12, 20


def ip(*words):
    result = subprocess.run(["ip", *words], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"ip {' '.join(words)}: {result.stderr}")
    return result.stdout


def sysctl(name, value):
    with open(f"/proc/sys/net/{name}", "w") as file:
        file.write(str(value))


def netlink(group=0):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    sock.setsockopt(SOL_NETLINK, STRICT, 1)
    sock.bind((0, 0))
    if group:
        sock.setsockopt(SOL_NETLINK, 1, group)
    return sock


def dump(message_type, fixed):
    """The datagrams of one dump, the port in them made 0."""
    sock = netlink()
    sock.send(struct.pack("=IHHII", 16 + len(fixed), message_type, 0x301, 1, 0) + fixed)
    datagrams = []
    while True:
        data = bytearray(sock.recv(65536))
        at, done = 0, False
        while at + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, at)
            if kind == 2:
                sys.exit(f"request {message_type}: errno {struct.unpack_from('=i', data, at + 16)}")
            done = done or kind == 3
            struct.pack_into("=I", data, at + 12, 0)
            at += (length + 3) & ~3
        datagrams.append(bytes(data))
        if done:
            return datagrams


def save(name, datagrams, *command):
    with open(os.path.join(HERE, f"{name}.hex"), "w") as file:
        file.writelines(datagram.hex() + "\n" for datagram in datagrams)
    if command:
        with open(os.path.join(HERE, f"{name}.ip"), "w") as file:
            file.write(ip("-j", "-d", *command))


def rtmsg(family):
    return struct.pack("=8BI", family, 0, 0, 0, 0, 0, 0, 0, 0)


def checksum(source, destination, message):
    data = source + destination + struct.pack(">II", len(message), 58) + message
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def advertise(interface):
    """One Router Advertisement with what the kernel passes on and what it keeps to itself."""
    p = lambda text: socket.inet_pton(AF_INET6, text)
    prefix = lambda text, valid, preferred: struct.pack(">BBBBIII", 3, 4, 64, 0xC0, valid, preferred, 0) + p(text)
    options = [
        struct.pack(">BBHI", 5, 1, 0, 1400),
        prefix("2001:db8:1::", 7200, 3600),
        prefix("2001:db8:2::", 7200, 0),
        struct.pack(">BBHI", 25, 5, 0, 600) + p("2001:db8::53") + p("fe80::53"),
        struct.pack(">BBHI", 31, 3, 0, 600) + b"\x07example\x03net\x00".ljust(16, b"\0"),
        struct.pack(">BB", 37, 4) + b"https://portal.example/api".ljust(30, b"\0"),
        struct.pack(">BBH", 38, 2, 600 << 3 & 0xFFF8) + p("64:ff9b::")[:12],
        struct.pack(">BBBB", 24, 2, 48, 0x08) + struct.pack(">I", 600) + p("2001:db8:77::")[:8],
    ]
    message = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"".join(options)
    source, destination = p("fe80::ff:fe00:101"), p("ff02::1")
    message = message[:2] + struct.pack(">H", checksum(source, destination, message)) + message[4:]
    frame = bytes.fromhex("333300000001" "020000000101" "86dd")
    frame += struct.pack(">IHBB", 0x60000000, len(message), 58, 255) + source + destination + message
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((interface, 0x86DD))
    sock.send(frame)


def links():
    for host, peer in (("h0", "r0"), ("h1", "r1")):
        ip("link", "add", host, "type", "veth", "peer", "name", peer)
        for name in (host, peer):
            sysctl(f"ipv6/conf/{name}/accept_dad", 0)
    sysctl("ipv6/conf/h0/use_tempaddr", 2)
    sysctl("ipv6/conf/h0/accept_ra_rt_info_max_plen", 64)
    ip("link", "set", "h0", "address", "02:00:00:00:0a:0a")
    ip("link", "set", "h1", "mtu", "9000")
    ip("link", "add", "br0", "type", "bridge")
    ip("link", "set", "r1", "master", "br0")
    ip("tuntap", "add", "tun0", "mode", "tun")
    for name in ("lo", "h0", "r0", "h1", "r1", "br0"):
        ip("link", "set", name, "up")
    time.sleep(1.5)


def addresses():
    ip("address", "add", "10.0.0.2/24", "dev", "h0")
    ip("address", "add", "10.0.1.2/24", "dev", "h1", "valid_lft", "900", "preferred_lft", "600")
    ip("address", "add", "10.9.0.1", "peer", "10.9.0.2", "dev", "tun0")
    ip("address", "add", "2001:db8:9::1", "peer", "2001:db8:9::2", "dev", "tun0")
    ip("address", "add", "2001:db8:3::7/128", "dev", "h1")
    ip("address", "add", "2001:db8:4::7/64", "dev", "h1", "preferred_lft", "0", "noprefixroute")
    ip("link", "set", "tun0", "up")


def nexthops():
    for words in (
        "id 1 via fe80::a dev h0",
        "id 2 via fe80::b dev h1",
        "id 3 via 10.0.0.9 dev h0",
        "id 4 via 10.0.1.9 dev h1",
        "id 5 blackhole",
        "id 6 dev h1",
        "id 10 group 1/2,3",
        "id 11 group 3/4,200",
        "id 12 group 1,2 type resilient buckets 4",
    ):
        ip("nexthop", "add", *words.split())
    ip("-6", "nexthop", "add", "id", "7", "blackhole")


def routes():
    for words in (
        "default via 10.0.0.1 dev h0 proto dhcp src 10.0.0.2 metric 100",
        "10.100.0.0/16 nexthop via 10.0.0.9 dev h0 nexthop via 10.0.1.9 dev h1 weight 3",
        "10.101.0.0/16 via inet6 fe80::a dev h0",
        "10.102.0.0/16 nexthop via inet6 fe80::a dev h0 nexthop via 10.0.1.9 dev h1",
        "10.103.0.0/16 via 192.0.2.1 dev h0 onlink",
        "10.104.0.0/16 via 10.0.0.9 mtu 1300 advmss 1200",
        "10.105.0.0/16 via 10.0.0.9 mtu lock 1280",
        "10.106.0.0/16 via 10.0.0.9 tos 0x10 metric 7",
        "10.107.0.0/16 dev h0 scope link proto 99",
        "blackhole 10.110.0.0/16",
        "unreachable 10.111.0.0/16 metric 4278198272",
        "prohibit 10.112.0.0/16",
        "throw 10.113.0.0/16 table 101",
        "default via 10.0.1.9 dev h1 table 100000",
        "10.120.0.0/16 nhid 3",
        "10.121.0.0/16 nhid 11",
        "10.122.0.0/16 nhid 1",
        "10.123.0.0/16 nhid 10",
        "10.124.0.0/16 nhid 5",
    ):
        ip("-4", "route", "add", *words.split())
    for words in (
        "2001:db8:100::/48 nexthop via fe80::a dev h0 nexthop via fe80::b dev h1 weight 3",
        "default from 2001:db8:1::/64 via fe80::c dev h0 metric 50",
        "2001:db8:101::/48 via fe80::a dev h0 mtu 1300",
        "2001:db8:102::/48 via fe80::a dev h0 expires 600",
        "2001:db8:103::/48 via fe80::a dev h0 pref high",
        "2001:db8:104::/48 via fe80::a dev h0 src 2001:db8:4::7 pref low",
        "2001:db8:105::/48 dev h1 proto bird",
        "blackhole 2001:db8:110::/48",
        "unreachable default metric 4278198272 table 101",
        "prohibit 2001:db8:112::/48",
        "default via fe80::b dev h1 table 100000",
        "2001:db8:120::/48 nhid 1",
        "2001:db8:121::/48 nhid 10",
        "2001:db8:122::/48 nhid 7",
    ):
        ip("-6", "route", "add", *words.split())


def rules():
    for words in (
        "from 10.0.0.0/24 lookup 101 pref 1000",
        "to 10.200.0.0/16 lookup main suppress_prefixlength 0 pref 1001",
        "fwmark 0x10/0xff lookup 100000 pref 1002 protocol 77",
        "iif h0 oif h1 tos 0x10 lookup 101 pref 1003",
        "not from 10.0.0.2 lookup 102 pref 1004",
        "from 10.5.0.0/16 blackhole pref 1005",
        "pref 1006 goto 32766",
        "uidrange 100-200 ipproto udp dport 53 lookup 103 pref 1007",
    ):
        ip("-4", "rule", "add", *words.split())
    for words in (
        "from 2001:db8:1::/64 lookup main suppress_prefixlength 0 pref 1000",
        "from 2001:db8:1::/64 lookup 101 pref 1001",
        "fwmark 7 lookup 100000 pref 1002",
        "to 2001:db8:200::/48 iif lo oif h0 prohibit pref 1003",
    ):
        ip("-6", "rule", "add", *words.split())
    ip("rule", "add", "l3mdev", "pref", "1010")


def user_options():
    sock = netlink(NDUSEROPT_GROUP)
    sock.settimeout(1)
    advertise("r0")
    datagrams = []
    try:
        while True:
            datagrams.append(sock.recv(65536))
    except TimeoutError:
        return datagrams


def all_links(name):
    fixed = bytes(16) + struct.pack("=HHI", 8, 29, 8)
    save(name, dump(GETLINK, fixed), "link")


def vrf():
    ip("link", "add", "vrf7", "type", "vrf", "table", "7007")
    ip("link", "add", "h0", "type", "veth", "peer", "name", "r0")
    ip("link", "set", "h0", "master", "vrf7")
    all_links("vrf_links")
    save("vrf_rules", dump(GETRULE, bytes(12)))


def main():
    if any(name not in ("lo",) for _, name in socket.if_nameindex()):
        sys.exit("not a new network namespace")
    if sys.argv[1:] == ["vrf"]:
        return vrf()
    links()
    save("user_options", user_options())
    addresses()
    nexthops()
    routes()
    rules()
    save("rules", dump(GETRULE, bytes(12)))
    for family in ("4", "6"):
        with open(os.path.join(HERE, f"rules{family}.ip"), "w") as file:
            file.write(ip("-j", "-d", f"-{family}", "rule"))
    all_links("links")
    save("addresses", dump(GETADDR, bytes(8)), "address")
    save("nexthops", dump(GETNEXTHOP, bytes(8)), "nexthop")
    save("routes4", dump(GETROUTE, rtmsg(AF_INET)), "-4", "route", "show", "table", "all")
    save("routes6", dump(GETROUTE, rtmsg(AF_INET6)), "-6", "route", "show", "table", "all")
    sysctl("ipv4/nexthop_compat_mode", 0)
    save("routes4_without_compat", dump(GETROUTE, rtmsg(AF_INET)))
    save("routes6_without_compat", dump(GETROUTE, rtmsg(AF_INET6)))


main()
