"""asyncio's streams as they are often shown: write without drain, so that nothing holds back a client that does not read."""

import asyncio
import sys


async def converse(reader, writer):
    while data := await reader.read(1024):
        writer.write(data.upper())
    writer.close()


async def main(port):
    async with await asyncio.start_server(converse, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
