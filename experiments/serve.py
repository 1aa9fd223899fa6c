"""Serve an export over HTTP, to be copied and changed: `python -m experiments.serve FOLDER PORT`.

    gtx export --workdir=runs/solubility_gps --output=exported
    python -m experiments.serve exported 8000
    curl -d '["CCO", "c1ccccc1"]' http://localhost:8000

A request is a list of SMILES as JSON. The answer is a list of predictions for each, or the reason
why there are none, with status 400.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from gtx.export import Served


def server(folder: str, port: int) -> HTTPServer:
    """A server that answers one request after the other."""
    served = Served(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                smiles = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)))
                status, answer = 200, served(map(str, smiles)).tolist()
            except (ValueError, TypeError) as error:
                status, answer = 400, {"error": str(error)}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return HTTPServer(("localhost", port), Handler)


if __name__ == "__main__":
    server(sys.argv[1], int(sys.argv[2])).serve_forever()
