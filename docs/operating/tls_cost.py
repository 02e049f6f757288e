"""What a parked poll costs with TLS, beside one without: memory while it waits, processor time to answer it and park again.

    python3 docs/operating/tls_cost.py target/release/hereabouts [polls]

Starts a server of each kind on a free port, parks as many polls on one channel (1,000 if nothing is said), publishes to it ten
times, and reads from /proc what the server took. Linux; needs the openssl command for a certificate.
"""

import asyncio
import os
import re
import ssl
import subprocess
import sys
import tempfile

ROUNDS = 10


def figures(pid):
    """Resident memory in bytes, and processor time in seconds."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        memory = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return memory, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def ask(reader, writer, target):
    writer.write(f"GET {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE).group(1))
    return await reader.readexactly(length)


def cursor_of(body):
    return re.search(rb'"t":"(\d+)"', body).group(1).decode()


async def measure(program, polls, folder, tls):
    data = os.path.join(folder, "tls" if tls else "plain")
    command = [program, "serve", "--listen", "127.0.0.1:0", "--data", data]
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    context = None
    if tls:
        command += ["--tls-cert", cert, "--tls-key", key]
        context = ssl.create_default_context(cafile=cert)
    environment = {"HEREABOUTS_LOG__LEVEL": "off", "HEREABOUTS_ADMIN__LISTEN": "off"}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    try:
        port = int(server.stdout.readline().rsplit(":", 1)[1])

        async def connect():
            return await asyncio.open_connection("127.0.0.1", port, ssl=context)

        publisher = await connect()
        # What every server has, whoever is connected, is there before the first look.
        cursor = cursor_of(await ask(*publisher, "/v2/subscribe/demo/room/0?tt=0"))
        await ask(*publisher, "/publish/demo/demo/0/elsewhere/0/1")
        memory_before, time_before = figures(server.pid)
        connections = []
        for _ in range(polls):
            connections.append(await connect())
            await ask(*connections[-1], "/time/0")
        _, time_connected = figures(server.pid)

        async def poll(connection, cursor):
            return cursor_of(await ask(*connection, f"/v2/subscribe/demo/room/0?tt={cursor}"))

        cursors, memory_parked, time_polled = [cursor] * polls, 0, 0
        for _ in range(ROUNDS):
            waiting = [asyncio.ensure_future(poll(*pair)) for pair in zip(connections, cursors)]
            parked = 0
            while parked < polls:
                metrics = (await ask(*publisher, "/metrics")).decode()
                parked = int(re.search(r'parked_polls\{keyset="demo"\} (\d+)', metrics).group(1))
                await asyncio.sleep(0.05)
            memory_parked, begun = figures(server.pid)
            await ask(*publisher, '/publish/demo/demo/0/room/0/"hello"')
            cursors = await asyncio.gather(*waiting)
            time_polled += figures(server.pid)[1] - begun
        return (
            (memory_parked - memory_before) / polls,
            1e6 * (time_connected - time_before) / polls,
            1e6 * time_polled / ROUNDS / polls,
        )
    finally:
        server.terminate()
        server.wait()


def main():
    program, polls = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
        kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        files = ["-keyout", os.path.join(folder, "key.pem"), "-out", os.path.join(folder, "cert.pem")]
        subprocess.run(["openssl", "req", *kind, *subject, *files], check=True, capture_output=True)
        for name, tls in (("plain", False), ("TLS", True)):
            memory, connecting, answering = asyncio.run(measure(program, polls, folder, tls))
            print(
                f"{name:>5}: {memory:6.0f} bytes a parked poll, {connecting:5.0f} µs to connect and ask once, "
                f"{answering:4.0f} µs to answer a poll"
            )


if __name__ == "__main__":
    main()
