"""The judge of the DNS codec: dnspython. One JSON object for each line of input.

answers SEED COUNT: random answers as dnspython writes them, with what they hold.
queries: for each hexadecimal line, what dnspython reads.
names: for each hexadecimal wire form of a name, dnspython's text.
texts: for each text of a name (JSON), the wire form, null where it is none.
types: for each number of a type, its mnemonic.
"""

import base64
import json
import random
import struct
import sys

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset


def random_label(rng):
    kind = rng.random()
    if kind < 0.7:
        return bytes(rng.choice(b"abcXYZ019-_") for _ in range(rng.randint(1, 12)))
    if kind < 0.9:
        return bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
    if kind < 0.95:
        return bytes(rng.choice(b'."\\();@$ \0') for _ in range(rng.randint(1, 6)))
    return bytes(rng.choice(b"ab") for _ in range(63))


def random_name(rng, below=None):
    labels = [] if below is None else list(below.labels)
    labels = labels or [b""]
    for _ in range(rng.randint(0, 5)):
        label = random_label(rng)
        if sum(len(each) + 1 for each in labels) + len(label) + 1 <= 255:
            labels.insert(0, label)
    return dns.name.Name(labels)


def text(name):
    return "." if name == dns.name.root else name.to_text(omit_final_dot=True)


def quoted(data):
    return '"' + "".join("\\%03d" % byte for byte in data) + '"'


def blob(rng, least, most):
    return bytes(rng.randrange(256) for _ in range(rng.randint(least, most)))


def word(rng):
    return "".join(rng.choice("abcDEF019-/:!") for _ in range(rng.randint(0, 20)))


def ipv4(rng):
    return ".".join(str(rng.randrange(256)) for _ in range(4))


def ipv6(rng):
    groups = [rng.choice([0, 0, rng.randrange(65536)]) for _ in range(8)]
    return ":".join("%x" % group for group in groups)


def canonical(address):
    """RFC 5952 text by somebody else."""
    import ipaddress

    value = ipaddress.ip_address(address)
    if value.version == 6 and value.ipv4_mapped is not None:
        return "::ffff:" + str(value.ipv4_mapped)
    return str(value)


def service(rng, type_name):
    priority = rng.randint(0, 3)
    target = random_name(rng)
    parameters, expect = [], {}
    if priority > 0:
        if rng.random() < 0.7:
            ids = ["".join(rng.choice("abch123") for _ in range(rng.randint(1, 9))) for _ in range(rng.randint(1, 3))]
            parameters.append('alpn="%s"' % ",".join(ids))
            expect["alpn"] = ids
            if rng.random() < 0.3:
                parameters.append("no-default-alpn")
                expect["noDefaultAlpn"] = True
        if rng.random() < 0.5:
            expect["port"] = rng.randrange(65536)
            parameters.append("port=%d" % expect["port"])
        if rng.random() < 0.5:
            hints = [ipv4(rng) for _ in range(rng.randint(1, 3))]
            parameters.append("ipv4hint=" + ",".join(hints))
            expect["ipv4hint"] = hints
        if rng.random() < 0.5:
            hints = [ipv6(rng) for _ in range(rng.randint(1, 3))]
            parameters.append("ipv6hint=" + ",".join(hints))
            expect["ipv6hint"] = [canonical(hint) for hint in hints]
        if rng.random() < 0.3:
            data = blob(rng, 1, 30)
            parameters.append('ech="%s"' % base64.b64encode(data).decode())
            expect["ech"] = data.hex()
        if rng.random() < 0.3:
            path = "/dns-query{?dns}"
            parameters.append("key7=" + path)
            expect["dohpath"] = path
        if rng.random() < 0.3:
            data = blob(rng, 1, 9)
            number = rng.randint(100, 65000)
            parameters.append("key%d=%s" % (number, quoted(data)))
            expect["unknown"] = [{"key": number, "value": data.hex()}]
        known = [name for name in ("alpn", "port") if name in expect]
        if known and rng.random() < 0.3:
            parameters.append("mandatory=" + ",".join(known))
            expect["mandatory"] = known
        rng.shuffle(parameters)
    line = "%d %s %s" % (priority, target.to_text(), " ".join(parameters))
    return line, {"type": type_name, "priority": priority, "target": text(target), "parameters": expect}


def random_data(rng, type_name):
    """The presentation form, and what it must be read as; bytes are hexadecimal."""
    number = rng.randrange
    if type_name == "A":
        address = ipv4(rng)
        return address, {"type": "A", "address": address}
    if type_name == "AAAA":
        address = ipv6(rng)
        return address, {"type": "AAAA", "address": canonical(address)}
    if type_name in ("CNAME", "DNAME", "NS", "PTR"):
        name = random_name(rng)
        return name.to_text(), {"type": type_name, "target": text(name)}
    if type_name == "SOA":
        mname, rname, numbers = random_name(rng), random_name(rng), [number(2**32) for _ in range(5)]
        # dnspython takes times of no more than 31 bits.
        numbers[1:] = [each >> 1 for each in numbers[1:]]
        line = "%s %s %s" % (mname.to_text(), rname.to_text(), " ".join(map(str, numbers)))
        fields = ("serial", "refreshSeconds", "retrySeconds", "expireSeconds", "minimumSeconds")
        return line, {"type": "SOA", "mname": text(mname), "rname": text(rname), **dict(zip(fields, numbers))}
    if type_name == "MX":
        preference, name = number(65536), random_name(rng)
        return "%d %s" % (preference, name.to_text()), {"type": "MX", "preference": preference, "exchange": text(name)}
    if type_name == "TXT":
        data = [blob(rng, 0, rng.choice([5, 255])) for _ in range(rng.randint(1, 4))]
        strings = [each.decode("utf-8", "replace") for each in data]
        return " ".join(map(quoted, data)), {"type": "TXT", "strings": strings, "data": [each.hex() for each in data]}
    if type_name == "SRV":
        priority, weight, port, name = number(65536), number(65536), number(65536), random_name(rng)
        expect = {"type": "SRV", "priority": priority, "weight": weight, "port": port, "target": text(name)}
        return "%d %d %d %s" % (priority, weight, port, name.to_text()), expect
    if type_name == "NAPTR":
        order, preference, name = number(65536), number(65536), random_name(rng)
        flags, services, regexp = word(rng), word(rng), word(rng)
        line = '%d %d "%s" "%s" "%s" %s' % (order, preference, flags, services, regexp, name.to_text())
        expect = {"type": "NAPTR", "order": order, "preference": preference, "flags": flags}
        return line, {**expect, "services": services, "regexp": regexp, "replacement": text(name)}
    if type_name == "CAA":
        critical, tag, value = rng.random() < 0.5, rng.choice(["issue", "issuewild", "iodef", "x1"]), word(rng)
        line = '%d %s "%s"' % (128 if critical else 0, tag, value)
        return line, {"type": "CAA", "critical": critical, "tag": tag, "value": value}
    if type_name in ("SVCB", "HTTPS"):
        return service(rng, type_name)
    if type_name == "DS":
        tag, algorithm, digest = number(65536), number(1, 250), blob(rng, 32, 32)
        expect = {"type": "DS", "keyTag": tag, "algorithm": algorithm, "digestType": 2, "digest": digest.hex()}
        return "%d %d 2 %s" % (tag, algorithm, digest.hex()), expect
    if type_name == "DNSKEY":
        flags, algorithm, key = number(65536), number(1, 250), blob(rng, 4, 300)
        line = "%d 3 %d %s" % (flags, algorithm, base64.b64encode(key).decode())
        return line, {"type": "DNSKEY", "flags": flags, "protocol": 3, "algorithm": algorithm, "publicKey": key.hex()}
    if type_name == "TLSA":
        usage, selector, matching, data = number(256), number(256), number(256), blob(rng, 1, 64)
        expect = {"type": "TLSA", "usage": usage, "selector": selector, "matchingType": matching}
        return "%d %d %d %s" % (usage, selector, matching, data.hex()), {**expect, "association": data.hex()}
    if type_name == "SSHFP":
        algorithm, data = number(256), blob(rng, 32, 32)
        expect = {"type": "SSHFP", "algorithm": algorithm, "fingerprintType": 2, "fingerprint": data.hex()}
        return "%d 2 %s" % (algorithm, data.hex()), expect
    data = blob(rng, 0, 40)
    return "\\# %d %s" % (len(data), data.hex()), {"type": type_name, "rdata": data.hex()}


TYPES = ["A", "AAAA", "CNAME", "DNAME", "NS", "PTR", "SOA", "MX", "TXT", "SRV", "NAPTR", "CAA", "SVCB", "HTTPS"]
TYPES += ["DS", "DNSKEY", "TLSA", "SSHFP", "TYPE65280", "TYPE4711"]


def random_record(rng, names):
    type_name = rng.choice(TYPES)
    name = rng.choice(names) if rng.random() < 0.6 else random_name(rng, rng.choice(names))
    names.append(name)
    line, expect = random_data(rng, type_name)
    ttl = rng.choice([0, rng.randrange(2**31)])
    rrset = dns.rrset.from_text(name, ttl, "IN", type_name, line)
    record = {"name": text(name), "type": int(rrset.rdtype), "ttlSeconds": ttl, "data": expect}
    return rrset, record


def answer(rng):
    question = random_name(rng)
    message = dns.message.make_query(question, rng.choice(TYPES))
    message.flags = dns.flags.QR | rng.choice([0, dns.flags.AA]) | rng.choice([0, dns.flags.RA])
    rcode = rng.choice([0, 0, 0, 2, 3, 5, 23])
    expect = {"rcode": rcode, "errors": []}
    expect["authoritative"] = bool(message.flags & dns.flags.AA)
    expect["recursionAvailable"] = bool(message.flags & dns.flags.RA)
    if rcode > 15 or rng.random() < 0.7:
        options = []
        if rng.random() < 0.3:
            expect["errors"] = [{"code": rng.randrange(30), "text": "because"}]
            options.append(dns.edns.EDEOption(expect["errors"][0]["code"], "because"))
        message.use_edns(0, 0, rng.choice([512, 1232, 4096]), options=options)
        expect["udpSize"] = message.payload
    message.set_rcode(rcode)
    names = [question]
    for section, key in ((message.answer, "answers"), (message.authority, "authorities"), (message.additional, None)):
        records = [random_record(rng, names) for _ in range(rng.choice([0, 1, 1, 2, 5, 20]))]
        for rrset, _ in records:
            section.append(rrset)
        if key:
            expect[key] = [record for _, record in records]
    return {"wire": message.to_wire(max_size=65535).hex(), "expect": expect}


def main():
    mode = sys.argv[1]
    if mode == "answers":
        rng = random.Random(int(sys.argv[2]))
        count = 0
        while count < int(sys.argv[3]):
            try:
                made = answer(rng)
            except dns.exception.TooBig:
                continue
            count += 1
            print(json.dumps(made))
        return
    # All of it first: whoever writes to us reads afterwards.
    for line in sys.stdin.readlines():
        line = line.rstrip("\n")
        if mode == "queries":
            message = dns.message.from_wire(bytes.fromhex(line))
            (question,) = message.question
            print(json.dumps({
                "id": message.id,
                "flags": dns.flags.to_text(message.flags),
                "opcode": int(message.opcode()),
                "name": question.name.to_text(),
                "type": int(question.rdtype),
                "class": int(question.rdclass),
                "edns": message.edns,
                "payload": message.payload,
                "options": len(message.options),
                "records": len(message.answer) + len(message.authority) + len(message.additional),
            }))
        elif mode == "types":
            print(json.dumps(dns.rdatatype.to_text(int(line))))
        elif mode == "names":
            name, _ = dns.name.from_wire(bytes.fromhex(line), 0)
            print(json.dumps(text(name)))
        elif mode == "texts":
            try:
                print(json.dumps(dns.name.from_text(json.loads(line)).to_wire().hex()))
            # The second one is its way to refuse "\256".
            except (dns.exception.DNSException, struct.error):
                print("null")


main()
