"""The yardstick of the HTTP benchmark: an aiohttp server that reads a POST and answers 204."""

import sys

import uvloop
from aiohttp import web


async def _answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=204)


def main() -> None:
    """Serve on the port given as the argument."""
    app = web.Application()
    app.router.add_post("/{path:.*}", _answer)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
