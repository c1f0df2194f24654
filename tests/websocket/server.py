"""A WebSocket server of the Python package "websockets": another reading of RFC 6455 than ours.

Arguments: an address and port to listen on ("" is all of them, 0 a free one), and for TLS the files of a certificate and
its key. Prints the port, and behaves as the path says.
"""

import asyncio
import ssl
import sys

import websockets


async def serve(connection):
    try:
        await behave(connection)
    except websockets.ConnectionClosed:
        pass


async def behave(connection):
    path = connection.path
    if path.startswith("/close/"):
        await connection.close(int(path.split("/")[2]), "as asked")
    elif path == "/fragments":
        await connection.send(["frag", "men", "té ", "d"])
        await connection.send([b"\x00\x01", b"", b"\x02" * 70000])
        await connection.wait_closed()
    elif path == "/ping":
        for payload in (b"", b"x" * 125):
            await (await connection.ping(payload))
        await connection.send("both pongs came")
        await connection.wait_closed()
    elif path == "/size":
        async for message in connection:
            await connection.send(f"{type(message).__name__} {len(message)}")
    elif path == "/source":
        await connection.send(connection.remote_address[0])
        await connection.wait_closed()
    elif path == "/headers":
        await connection.send("\n".join(f"{name}: {value}" for name, value in connection.request_headers.raw_items()))
        await connection.wait_closed()
    elif path == "/ended":
        # What the client closed with, to whoever asks next.
        await connection.wait_closed()
        ended.put_nowait(f"{connection.close_code} {connection.close_reason}")
    elif path == "/how":
        await connection.send(await ended.get())
    else:
        async for message in connection:
            await connection.send(message)


async def main():
    global ended
    ended = asyncio.Queue()
    context = None
    host, port, *certificate = sys.argv[1:]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    options = {"subprotocols": ["second", "first"], "max_size": None, "ssl": context, "ping_interval": None}
    async with websockets.serve(serve, host or None, int(port), **options) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
