"""``python -m aita_local.simulated_model``: the simulated model in the foreground."""

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from aita_local.simulated_model.fault_injection import FaultSettings
from aita_local.simulated_model.server import HOST, serve


def main() -> int:
    """Read the command line and serve; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m aita_local.simulated_model",
        description="A server of OpenAI's and Amazon Bedrock's APIs on loopback that knows the sample exam only.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--port-file", type=Path, help="written with the port once connections are accepted")
    parser.add_argument("--latency", type=float, help="seconds from a request to its reply (default 0.2)")
    parser.add_argument("--rps", type=float, help="rate limit in requests per second (default none)")
    parser.add_argument("--burst", type=int, help="how many requests the rate limit lets come at once (default 1)")
    parser.add_argument("--error-rate", type=float, help="share of the calls answered 500")
    parser.add_argument("--cut-rate", type=float, help="share of the calls answered with JSON cut in the middle")
    parser.add_argument("--drop-rate", type=float, help="share of the calls dropped without an answer")
    parser.add_argument("--seed", type=int, help="where the sequence of faults starts (default 0)")
    parser.add_argument("--anything", action="store_true", default=None, help="answer what is not in the sample exam")
    parser.add_argument("--prefix-cache", action="store_true", default=None, help="tell what a prefix cache would hold")
    given = vars(parser.parse_args())
    port, port_file = given.pop("port"), given.pop("port_file")
    try:
        settings = FaultSettings.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        parser.error(f"{'.'.join(map(str, first['loc'])) or 'the rates'}: {first['msg']}")
    try:
        serve(port, port_file, settings)
    except (OSError, OverflowError) as error:
        sys.stderr.write(f"the simulated model can't start on {HOST}:{port}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
