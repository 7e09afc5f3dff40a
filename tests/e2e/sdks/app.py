"""An application in Python: asks for a flag whenever a line comes in, with the official flagd provider, unmodified."""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType


def main(port: int) -> None:
    """Answer each line, a flag's key, with its value; the code default is the dangerous side."""
    provider = FlagdProvider(host="127.0.0.1", port=port, resolver_type=ResolverType.IN_PROCESS, deadline_ms=10_000)
    api.set_provider_and_wait(provider)
    client = api.get_client()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        details = client.get_boolean_details(line.strip(), True)
        print(json.dumps({"value": details.value, "variant": details.variant}), flush=True)
    api.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]))
