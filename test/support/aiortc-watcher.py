"""Watches a participant by WHEP with aiortc: a WebRTC stack that shares nothing with ours.

Arguments: address, token. Prints one line of JSON as soon as pictures and sound that is no silence have come (or what came within 20 s):
{"location", "frames", "size", "loudest", "ended"}. It asks for the end first.
"""
import asyncio
import json
import sys
import time
import urllib.request
from urllib.parse import urljoin

import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription

ADDRESS, TOKEN = sys.argv[1], sys.argv[2]
came = {"frames": 0, "size": None, "loudest": 0.0, "last": 0.0}


async def pictures(track):
    while True:
        frame = await track.recv()
        came["frames"] += 1
        came["size"] = [frame.width, frame.height]
        came["last"] = time.monotonic()


async def sounds(track):
    while True:
        frame = await track.recv()
        came["loudest"] = max(came["loudest"], float(numpy.abs(frame.to_ndarray()).max()) / 32768)


def ask(method, address, body=None):
    headers = {"authorization": "Bearer " + TOKEN}
    if body is not None:
        headers["content-type"] = "application/sdp"
    return urllib.request.urlopen(urllib.request.Request(address, body, headers, method=method))


async def main():
    connection = RTCPeerConnection()
    connection.addTransceiver("video", direction="recvonly")
    connection.addTransceiver("audio", direction="recvonly")
    tasks = []

    @connection.on("track")
    def track(received):
        tasks.append(asyncio.ensure_future(pictures(received) if received.kind == "video" else sounds(received)))

    await connection.setLocalDescription(await connection.createOffer())
    loop = asyncio.get_running_loop()
    offer = connection.localDescription.sdp.encode()
    response = await loop.run_in_executor(None, lambda: ask("POST", ADDRESS, offer))
    await connection.setRemoteDescription(RTCSessionDescription(response.read().decode(), "answer"))
    location = urljoin(ADDRESS, response.headers["location"])
    limit = time.monotonic() + 20
    while time.monotonic() < limit and not (came["frames"] > 10 and came["loudest"] > 0.05):
        await asyncio.sleep(0.05)
    ended = await loop.run_in_executor(None, lambda: ask("DELETE", location).status)
    print(json.dumps({**came, "location": location, "ended": ended}), flush=True)
    for task in tasks:
        task.cancel()
    await connection.close()


asyncio.run(main())
