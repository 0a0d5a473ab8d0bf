"""A receiver that says yes to everything, at once or after some milliseconds: `python -m tests.bench.receiver DELAY_MS` prints its port."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web


async def main(delay: float) -> None:
    """Answer until stopped."""

    async def yes(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(delay)
        return web.json_response({"status": "accepted"}, status=201)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", yes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
