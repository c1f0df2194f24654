"""Readers of the daemon's socket, good and bad: `daemon_readers.py KIND COUNT`.

"good" reads all and prints "complete" when each connection has a state, then a line "N states" whenever each connection
has had N. The others print "begun" and go on until they are killed.
"""

import json
import os
import resource
import selectors
import signal
import socket
import sys
import time

kind, count = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def connect():
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect("/run/mif/socket")
            return client
        except BlockingIOError:
            time.sleep(0.01)


def good():
    selector = selectors.DefaultSelector()
    rests, states = {}, {}
    for _ in range(count):
        client = connect()
        client.setblocking(False)
        rests[client], states[client] = b"", 0
        selector.register(client, selectors.EVENT_READ)
    told = 0
    while True:
        for key, _ in selector.select():
            client = key.fileobj
            data = client.recv(1 << 20)
            if not data:
                print("closed", flush=True)
                sys.exit(1)
            *lines, rests[client] = (rests[client] + data).split(b"\n")
            for line in lines:
                said = json.loads(line)
                states[client] += said["format"] == "mif-daemon-state"
        if min(states.values()) > told:
            told = min(states.values())
            print(f"{told} states", flush=True)


def begun():
    print("begun", flush=True)


def silent():
    clients = [connect() for _ in range(count)]
    begun()
    while clients:
        time.sleep(60)


def garbage():
    begun()
    while True:
        for _ in range(count):
            client = connect()
            try:
                client.sendall(b"\x00\xff{[" * 65536)
            except OSError:
                pass
            client.close()
        time.sleep(0.01)


def restless():
    begun()
    while True:
        clients = [connect() for _ in range(count)]
        for client in clients:
            client.close()
        time.sleep(0.01)


def file():
    """Reads the state file as fast as it can; every one must be whole."""
    read = 0
    begun()
    while True:
        try:
            with open("/run/mif/state.json", encoding="ascii") as state:
                text = state.read()
        except FileNotFoundError:
            continue
        if not text.endswith("\n") or json.loads(text)["format"] != "mif-daemon-state":
            print("torn", flush=True)
        read += 1
        if read % 1000 == 0:
            print(f"{read} read", flush=True)


def killer():
    """Kills a process, whose number stands for the count, while the state is half written."""
    begun()
    time.sleep(0.3)
    while not os.path.exists("/run/mif/state.json.new"):
        pass
    os.kill(count, signal.SIGKILL)


globals()[kind]()
