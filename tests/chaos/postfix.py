"""A real Postfix of our own for a trial: its own folders, its own port, its own log; hands on to a next server.

Needs root and Debian's package postfix (`apt-get install postfix`). The system's own Postfix is left alone.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 10  #: seconds after which it hangs up on a client that says nothing; five minutes by default

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = relay.example
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{next_port}
smtpd_timeout = {timeout}s
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_dns_support_level = disabled
smtp_tls_security_level = none
smtpd_tls_security_level = none
default_destination_concurrency_limit = 20
in_flow_delay = 0
default_process_limit = 100
bounce_queue_lifetime = 1d
"""

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


def may_run() -> str | None:
    """Return why there can be no Postfix here, or `None`."""
    if shutil.which("postfix", path="/usr/sbin:/usr/bin") is None:
        return "postfix is missing: apt-get install postfix"
    return None if os.geteuid() == 0 else "a Postfix of our own needs root"


@dataclass(slots=True)
class Postfix:
    folder: Path
    port: int

    @property
    def log(self) -> Path:
        return self.folder / "mail.log"

    def control(self, word: str) -> None:
        done = subprocess.run(
            ["/usr/sbin/postfix", "-c", str(self.folder / "etc"), word], capture_output=True, text=True
        )
        if done.returncode and word == "start":
            raise RuntimeError(done.stderr or done.stdout)

    def restart(self, pause: float) -> None:
        """Stop it with whatever is under way, and start it again."""
        self.control("stop")
        time.sleep(pause)
        self.control("start")

    def queue(self) -> int:
        """Return how many mails it still holds."""
        return sum(
            1
            for name in ("incoming", "active", "deferred", "maildrop")
            for path in (self.folder / "queue" / name).rglob("*")
            if path.is_file()
        )


@contextmanager
def postfix(folder: Path, next_port: int) -> Iterator[Postfix]:
    """Give a running Postfix below `folder`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "data", "postfix")
    (folder / "etc" / "main.cf").write_text(_MAIN.format(folder=folder, next_port=next_port, timeout=TIMEOUT))
    (folder / "etc" / "master.cf").write_text(_MASTER.format(port=port))
    one = Postfix(folder, port)
    one.control("start")
    try:
        yield one
    finally:
        one.control("stop")
