"""`python -m deploy.ready URL`: exit status 0 when it answers 200; for health checks in an image
that has no other client."""

import sys
import urllib.error
import urllib.request


def main(url: str) -> int:
    try:
        # Addresses of our own health checks only; the scheme is theirs.
        with urllib.request.urlopen(url, timeout=4) as answer:  # noqa: S310
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError):
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
