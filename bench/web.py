"""`python -m bench.web`: how long the pages of the rehearsal console take.

Every page that is read, as an administrator and as an employee who has not enrolled: the first
visit after signing in, and visits after it. By default in the example company; with `--users 5000`
in the account of `bench.account.collect` with so many users. The floor is the calls to the local
AWS that the page makes, made alone by the same client: what the console adds is the ratio. Local
AWS, console and visitor are one process, as in `sekisho local --console`; of the clock on the wall
and its processor time the latter says more on a busy machine.
"""

import argparse
import gc
import json
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from bench.account.audit import account
from bench.account.collect import DATE, account_file
from sekisho.account import AccountFile, load_account
from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.localaws import ADMINISTRATOR, LocalAws, example_company
from sekisho.policy import Preset
from sekisho.web import Site, WebServer
from sekisho.web.console import Rehearsal, console_site
from sekisho.web.console.managed_policies import READS_AHEAD
from sekisho.web.console.start import enforce

_ONE_STEP = timedelta(seconds=30)
_LIMIT_MS, _LARGE_LIMIT_MS = 150, 500
_LEAST_MS = 1
_SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_PASSWORD = "Fuji-2026-x"  # noqa: S105 - of nobody
_ADMIN, _EMPLOYEE = "bench-admin", "bench-employee"
_TABS = {
    "/iam/policy": ("permissions", "json", "entities", "tags", "versions"),
    "/iam/user": ("permissions", "groups", "tags", "security"),
    "/iam/group": ("users", "permissions"),
}


@dataclass(frozen=True, slots=True)
class _Place:
    """An account, and who and what the pages are about."""

    account: AccountFile
    administrator: str
    employee: str
    group: str
    policy: str
    limit: int

    def query(self, path: str) -> Mapping[str, str]:
        """Return what a page is asked for."""
        for begin, query in (
            ("/iam/user", {"name": self.employee}),
            ("/iam/group", {"name": self.group}),
            ("/iam/polic", {"arn": self.policy}),
            ("/s3/bucket", {"name": "example-reports"}),
            ("/search", {"q": "user"}),
        ):
            if path.startswith(begin):
                return query
        return {}


@dataclass(frozen=True, slots=True)
class _Spent:
    """Milliseconds: by the clock on the wall, and of this process's processor time."""

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class _Running:
    """A console that runs."""

    place: _Place
    rehearsal: Rehearsal
    site: Site
    url: str


class _Visitor:
    """A browser without scripts."""

    def __init__(self, url: str) -> None:
        self._host = url.removeprefix("http://").rstrip("/")
        self._connection = HTTPConnection(self._host, timeout=120)
        self._cookie = ""

    def send(self, path: str, form: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Return the status, where it leads, and the page."""
        headers = {"Cookie": self._cookie}
        body = None
        if form is not None:
            body = urlencode(form)
            headers |= {
                "Origin": f"http://{self._host}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        self._connection.request("GET" if form is None else "POST", path, body, headers)
        answer = self._connection.getresponse()
        page = answer.read().decode("utf-8", "replace")
        self._cookie = (answer.headers["Set-Cookie"] or self._cookie).partition(";")[0]
        return answer.status, answer.headers["Location"] or "", page

    def fill(self, path: str, **fields: str) -> str:
        """Send the form of a page, and return where it leads."""
        _, _, page = self.send(path)
        hidden = dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', page))
        status, led, page = self.send(path, {**hidden, **fields})
        if status != HTTPStatus.SEE_OTHER:
            raise RuntimeError(f"{path}: {status}\n{page}")
        return led

    def sign_in(self, running: _Running, user: str) -> None:
        """Sign in, with a code where one is asked for."""
        place, rehearsal = running.place, running.rehearsal
        password = place.account.credentials[user].password or ""
        account = place.account.account
        led = self.fill("/signin", account=account, user=user, password=password, next="")
        if led.startswith("/signin/mfa"):
            code, *_ = rehearsal.phones.codes(user, rehearsal.now())
            led = self.fill("/signin/mfa", code=code.code, next="")
        if not led.startswith("/console"):
            raise RuntimeError(f"the sign-in leads to {led}")
        self.send(led)


class _Recorder:
    """Notes the calls that are made, by whatever client, while a page is made."""

    def __init__(self) -> None:
        self._call, self._pages = Boto3Api.call, Boto3Api.pages
        self._made: list[Callable[[], object]] = []

    def __enter__(self) -> "_Recorder":
        recorder = self

        def call(api: Boto3Api, service: str, operation: str, /, **params: object) -> Any:
            recorder._note(lambda: recorder._call(api, service, operation, **params))
            return recorder._call(api, service, operation, **params)

        def pages(
            api: Boto3Api, service: str, operation: str, key: str, /, **params: object
        ) -> Iterator[Any]:
            read = 0

            def replay() -> None:
                list(islice(recorder._pages(api, service, operation, key, **params), read or None))

            recorder._note(replay)
            for each in recorder._pages(api, service, operation, key, **params):
                # what a page does not read of a listing is not asked for
                read += 1
                yield each

        Boto3Api.call, Boto3Api.pages = call, pages  # type: ignore[method-assign] # put back below
        return self

    def __exit__(self, *_: object) -> None:
        Boto3Api.call, Boto3Api.pages = self._call, self._pages  # type: ignore[method-assign] # as above

    def _note(self, call: Callable[[], object]) -> None:
        if threading.current_thread().name != READS_AHEAD:
            self._made.append(call)

    def made(self) -> list[Callable[[], object]]:
        """Return the calls since the last time."""
        made, self._made = self._made, []
        return made


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=0, help="of a generated account")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--page", default="", help="only pages whose address contains this")
    given = parser.parse_args()
    # as the command line does: with Python's own 700 the garbage of all visits is looked for in one
    gc.set_threshold(50_000)
    begin = time.process_time()
    place = _large(given.users) if given.users else _company()
    with LocalAws(place.account) as aws:
        rehearsal = replace(Rehearsal.at(aws, place.account), administrator=place.administrator)
        site = console_site(rehearsal)
        site.warm()
        with WebServer(site) as server:
            print(f"the console is up after {time.process_time() - begin:.1f} s of the processor")
            enforce(rehearsal, place.employee, Preset.RECOMMENDED)
            running = _Running(place, rehearsal, site, server.url)
            slow = [
                line
                for user in (place.administrator, place.employee)
                for line in _visits(running, user, given)
            ]
    print(f"over {place.limit} ms: {', '.join(slow) or 'none'}")
    return 0


@dataclass(frozen=True, slots=True)
class _Measured:
    """One person's visits of one page.

    Attributes:
        answer: the status, and where it leads.
        calls: how many calls to the local AWS the page makes.
    """

    answer: tuple[int, str]
    calls: int
    first: _Spent
    again: _Spent
    floor: _Spent

    def line(self, path: str) -> str:
        """Return it as a line of the table."""
        status, led = self.answer
        # a call that botocore itself refuses is no floor
        bare = self.floor.processor
        ratio = f"{self.again.processor / bare:.1f}x" if bare >= _LEAST_MS else "-"
        spent = "".join(f"{_said(each):>14}" for each in (self.first, self.again, self.floor))
        return f"{path[:43]:44}{status:>7}{self.calls:>6}{spent}{ratio:>7}  {led}".rstrip()


def _visits(running: _Running, user: str, given: argparse.Namespace) -> Iterator[str]:
    """Print a line for each page, and yield those over the limit."""
    print(f"\n{user}; milliseconds by the wall (of the processor)")
    print(
        f"{'page':44}{'status':>7}{'calls':>6}{'first':>14}{'again':>14}{'floor':>14}{'ratio':>7}"
    )
    limit = running.place.limit
    for path in [each for each in _addresses(running) if given.page in each]:
        found = _measured(running, user, path, given.repeat)
        print(found.line(path), flush=True)
        for name, spent in (("first", found.first), ("again", found.again)):
            if spent.processor > limit:
                yield f"{user} {path} ({name}: {spent.processor:.0f})"


def _measured(running: _Running, user: str, path: str, repeat: int) -> _Measured:
    """Visit a page as somebody who has just signed in, and then again."""
    # a code is good once
    running.rehearsal.advance(_ONE_STEP)
    visitor = _Visitor(running.url)
    visitor.sign_in(running, user)
    _wait_for_what_is_read_ahead()
    with _Recorder() as recorder:
        first, (status, led, _) = _timed(lambda: visitor.send(path))
        calls = recorder.made()
    _wait_for_what_is_read_ahead()
    again = _median(lambda: visitor.send(path), repeat)
    floor = _median(lambda: _replay(calls), repeat)
    return _Measured((status, led), len(calls), first, again, floor)


def _wait_for_what_is_read_ahead() -> None:
    """Wait as a person does who reads a page before going on."""
    for thread in threading.enumerate():
        if thread.name == READS_AHEAD:
            thread.join()


def _addresses(running: _Running) -> Iterator[str]:
    """Yield the address of every page that can be read, and of each of its tabs."""
    for rule in running.site.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments:
            continue
        query = running.place.query(rule.rule)
        for tab in _TABS.get(rule.rule, ("",)):
            asked = {**({"tab": tab} if tab else {}), **query}
            yield rule.rule + (f"?{urlencode(asked)}" if asked else "")


def _replay(calls: list[Callable[[], object]]) -> None:
    for call in calls:
        with suppress(AwsRefused):
            call()


def _timed(ask: Callable[[], Any]) -> tuple[_Spent, Any]:
    begin, used = time.perf_counter(), time.process_time()
    found = ask()
    spent = _Spent(1000 * (time.perf_counter() - begin), 1000 * (time.process_time() - used))
    return spent, found


def _median(ask: Callable[[], Any], repeat: int) -> _Spent:
    runs = [_timed(ask)[0] for _ in range(repeat)]
    return _Spent(
        statistics.median(each.wall for each in runs),
        statistics.median(each.processor for each in runs),
    )


def _said(spent: _Spent) -> str:
    return f"{spent.wall:.0f} ({spent.processor:.0f})"


def _company() -> _Place:
    arn = "arn:aws:iam::111122223333:policy/Force_MFA_recommended"
    return _Place(example_company(), ADMINISTRATOR, "hanako.sato", "Office", arn, _LIMIT_MS)


def _large(users: int) -> _Place:
    """Return a generated account with an administrator and an employee besides."""
    file = account_file(account(users), users)
    home, details = f"arn:aws:iam::{file['account']}", file["authorizationDetails"]
    attached = {
        "PolicyName": "AdministratorAccess",
        "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
    }
    for name, policies, groups in ((_ADMIN, [attached], []), (_EMPLOYEE, [], ["group-1"])):
        details["UserDetailList"].append(
            {
                "UserName": name,
                "UserId": f"AIDA{name.upper()}",
                "Path": "/",
                "Arn": f"{home}:user/{name}",
                "CreateDate": DATE,
                "AttachedManagedPolicies": policies,
                "GroupList": groups,
            }
        )
    credentials = file["credentials"]["users"]
    credentials[_ADMIN] = {
        "password": _PASSWORD,
        "devices": [{"name": _ADMIN, "seed": _SEED}],
    }
    credentials[_EMPLOYEE] = {"password": _PASSWORD}
    loaded = load_account(json.dumps(file))
    return _Place(loaded, _ADMIN, _EMPLOYEE, "group-1", f"{home}:policy/Force_MFA", _LARGE_LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
