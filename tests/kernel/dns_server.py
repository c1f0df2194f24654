"""A name server of the lab that behaves as it is told: UDP and TCP at port 53 of an address. Needs dnspython.

dns_server.py ADDRESS WORD...; an IPv6 link-local address has its interface behind "%".

formerr   FORMERR to what has an OPT record       badvers   BADVERS to it
truncate  by UDP nothing but TC                   silent    by UDP nothing
halfopen  TCP is accepted and not answered        slow=S    answers S seconds later
servfail  SERVFAIL                                refused   REFUSED

Every question of type A has 192.0.2.80 as its answer; each question is printed with where it came from.
"""

import select
import socket
import struct
import sys
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

address, words = sys.argv[1], sys.argv[2:]
delay = max([float(word[5:]) for word in words if word.startswith("slow=")] + [0.0])
family, _, _, _, name = socket.getaddrinfo(address, 53, type=socket.SOCK_DGRAM)[0]


def respond(wire, peer, by):
    query = dns.message.from_wire(wire)
    (question,) = query.question
    print("asked", by, peer[0], question.name, "edns" if query.edns >= 0 else "plain", flush=True)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if query.edns >= 0 and "formerr" in words:
        response.use_edns(-1)
        response.set_rcode(dns.rcode.FORMERR)
    elif query.edns >= 0 and "badvers" in words:
        response.set_rcode(dns.rcode.BADVERS)
    elif "servfail" in words:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif "refused" in words:
        response.set_rcode(dns.rcode.REFUSED)
    elif by == "udp" and "truncate" in words:
        response.flags |= dns.flags.TC
    else:
        response.answer.append(dns.rrset.from_text(question.name, 300, "IN", "A", "192.0.2.80"))
    return response.to_wire()


udp = socket.socket(family, socket.SOCK_DGRAM)
udp.bind(name)
tcp = socket.socket(family, socket.SOCK_STREAM)
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
tcp.bind(name)
tcp.listen(64)
print("ready", flush=True)
connections, late = {}, []
while True:
    wait = max(0, late[0][0] - time.monotonic()) if late else None
    readable, _, _ = select.select([udp, tcp, *connections], [], [], wait)
    for ready in readable:
        if ready is udp:
            wire, peer = udp.recvfrom(65536)
            if "silent" not in words:
                late.append((time.monotonic() + delay, respond(wire, peer, "udp"), peer))
            else:
                print("asked", "udp", peer[0], flush=True)
        elif ready is tcp:
            connection, peer = tcp.accept()
            connections[connection] = (peer, b"")
        else:
            peer, so_far = connections.pop(ready)
            chunk = ready.recv(65536)
            if not chunk:
                ready.close()
                continue
            so_far += chunk
            connections[ready] = (peer, so_far)
            length = struct.unpack("!H", so_far[:2])[0] if len(so_far) > 1 else 65536
            if len(so_far) >= 2 + length and "halfopen" not in words:
                answer = respond(so_far[2:2 + length], peer, "tcp")
                ready.sendall(struct.pack("!H", len(answer)) + answer)
                connections[ready] = (peer, so_far[2 + length:])
    while late and late[0][0] <= time.monotonic():
        _, answer, peer = late.pop(0)
        udp.sendto(answer, peer)
