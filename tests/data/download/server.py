"""A server on this machine that answers as it is told, for tests of downloads."""

import contextlib
import http.server
import threading


class Server:
    """Answers requests by `answers`, functions of a handler; the last one answers all others.

    `requests` has the path and the headers of each request.
    """

    def __init__(self, *answers, context=None):
        self.requests, self._answers = [], list(answers)
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.requests.append((self.path, dict(self.headers)))
                answer = server._answers.pop(0) if len(server._answers) > 1 else server._answers[0]
                self.close_connection = True
                with contextlib.suppress(ConnectionError):
                    answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # TLS that a client refuses is expected here
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if context is None else "https"
        self.address = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def send(content=b"", status=200, length=None, **headers):
    """Answer with this content, whatever was asked for; `length` may promise another size."""

    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if length != "none":
            handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def ranged(content, **headers):
    """Answer with the range that was asked for, as a good server does."""

    def answer(handler):
        asked = handler.headers.get("Range")
        if asked is None:
            return send(content, **headers)(handler)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            return send(status=416)(handler)
        part = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return send(content[start:], 206, Content_Range=part, **headers)(handler)

    return answer
