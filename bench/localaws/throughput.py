"""Requests per second of the local AWS and of plain moto, side by side.

    python -m bench.localaws.throughput [--rounds N] [--seconds S]

Both run as programs of their own and answer the same signed `iam:GetUser` over connections that
are kept alive; the local AWS checks the signature and asks the policies of a user who may do
everything. One round measures both at 1, 4 and 16 connections, one after the other, so that what
else the machine does meets both. The ratio is that of the medians; processor time is the server's
own, and says more than the clock on a busy machine.
"""

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

CONNECTIONS = (1, 4, 16)
BODY = b"Action=GetUser&Version=2010-05-08&UserName=admin"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
KEY, SECRET = "AKIAADMINXXXXEXAMPLE", "example/secret/of/adminxxxxxxxxxxxxxxxxxx"
ACCOUNT = """{
  "schema": "sekisho.account/1", "account": "111122223333", "partition": "aws", "alias": null,
  "authorizationDetails": {"GroupDetailList": [], "RoleDetailList": [], "Policies": [],
    "UserDetailList": [{"UserName": "admin", "Path": "/", "UserId": "AIDAEXAMPLEADMINXXXXX",
      "Arn": "arn:aws:iam::111122223333:user/admin", "CreateDate": "2024-01-01T00:00:00+00:00",
      "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}]},
  "passwordPolicy": null,
  "credentials": {"unassignedDevices": [], "users": {"admin": {"accessKeys": [
    {"id": "AKIAADMINXXXXEXAMPLE", "secret": "example/secret/of/adminxxxxxxxxxxxxxxxxxx",
     "active": true}]}}}
}"""
SERVE = """
import sys, time
from sekisho.account import load_account
from sekisho.localaws import LocalAws
with LocalAws(load_account(sys.argv[1]), port=int(sys.argv[2])):
    time.sleep(100_000)
"""
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0


@dataclass(frozen=True, slots=True)
class Server:
    """One of the two."""

    name: str
    port: int
    program: subprocess.Popen[bytes]

    def cpu(self) -> float:
        """Return the processor time of the program so far, in seconds; Linux only."""
        with open(f"/proc/{self.program.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def start() -> list[Server]:
    """Start both, and wait until they answer."""
    ports = free_port(), free_port()
    moto = [sys.executable, "-m", "moto.server", "-p", str(ports[0])]
    ours = [sys.executable, "-c", SERVE, ACCOUNT, str(ports[1])]
    servers = [
        Server(name, port, subprocess.Popen(args, stderr=subprocess.DEVNULL))
        for name, port, args in (("moto", ports[0], moto), ("local AWS", ports[1], ours))
    ]
    for server in servers:
        while True:
            try:
                socket.create_connection(("127.0.0.1", server.port), 1).close()
                break
            except OSError:
                time.sleep(0.2)
    post(servers[0].port, b"Action=CreateUser&Version=2010-05-08&UserName=admin")
    for server in servers:
        post(server.port, BODY)
    return servers


def signed(port: int, body: bytes) -> dict[str, str]:
    """Return the headers of a signed request."""
    headers = {"Content-Type": FORM, "Host": f"127.0.0.1:{port}"}
    request = AWSRequest("POST", f"http://127.0.0.1:{port}/", headers, body)
    SigV4Auth(Credentials(KEY, SECRET), "iam", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def post(port: int, body: bytes) -> None:
    """Send one request that must be answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", body, signed(port, body))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(text.decode())


def measure(server: Server, connections: int, seconds: float) -> tuple[float, float]:
    """Return requests per second, and milliseconds of the server's processor time for each."""
    headers, done = signed(server.port, BODY), [0] * connections
    before, began = server.cpu(), time.perf_counter()
    end = began + seconds

    def ask(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while time.perf_counter() < end:
            connection.request("POST", "/", BODY, headers)
            answer = connection.getresponse()
            answer.read()
            done[index] += answer.status == http.HTTPStatus.OK
        connection.close()

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(done)
    spent = time.perf_counter() - began
    return total / spent, 1000 * (server.cpu() - before) / max(total, 1)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure the local AWS beside plain moto.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    servers = start()
    found: dict[tuple[int, str], list[tuple[float, float]]] = defaultdict(list)
    try:
        for _ in range(options.rounds):
            for connections in CONNECTIONS:
                for server in servers:
                    figures = measure(server, connections, options.seconds)
                    found[connections, server.name].append(figures)
    finally:
        for server in servers:
            server.program.terminate()
            server.program.wait()
    print("connections  moto/s  local AWS/s  ratio   moto ms  local AWS ms (processor time)")
    for connections in CONNECTIONS:
        moto, ours = (
            [
                statistics.median(column)
                for column in zip(*found[connections, server.name], strict=True)
            ]
            for server in servers
        )
        print(
            f"{connections:11}  {moto[0]:6.0f}  {ours[0]:11.0f}  {ours[0] / moto[0]:5.2f}"
            f"  {moto[1]:8.2f}  {ours[1]:8.2f}"
        )


if __name__ == "__main__":
    main()
