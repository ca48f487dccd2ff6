"""The image's health check: exit 0 while the node in this container answers `/healthz` with 200.

Whether it follows the log is another question (`/readyz`): a node that waits for the others is no broken one,
and starting it again would not help.
"""

import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

_TIMEOUT_S = 4.0


def is_alive(host: str, port: int) -> bool:
    """Ask once, without a proxy and without following anybody."""
    connection = HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 8080) else 1)
