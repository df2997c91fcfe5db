"""asyncio streams as many tutorials show them: write without drain, so a client that does not read fills the memory."""

import asyncio
import sys


# tag::converse[]
async def converse(reader, writer):
    # tag::wait[]
    while data := await reader.read(1024):
    # end::wait[]
        writer.write(data.upper())
    # tag::close[]
    writer.close()
    # end::close[]
# end::converse[]


# tag::accept[]
async def main(port):
    async with await asyncio.start_server(converse, "127.0.0.1", port) as server:
        await server.serve_forever()
# end::accept[]


asyncio.run(main(int(sys.argv[1])))
