"""Publishes a synthetic picture and sound by WHIP with aiortc: a WebRTC stack that shares nothing with ours.

Arguments: address, token, JSON of the picture (colour, cells, codes, flash, ...). Prints "published" when connected; ends with its input.
"""
import asyncio
import fractions
import json
import math
import sys
import time
import urllib.request

import av
import numpy
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import vpx

# The picture must survive: aiortc starts at 500 kbit/s and is not told more on loopback.
vpx.DEFAULT_BITRATE = 1000000

ADDRESS, TOKEN, SOURCE = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
ZERO = time.monotonic()


def lit(seconds):
    second = math.floor(seconds)
    return second % SOURCE["of"] == SOURCE["index"] and (seconds - second) * 1000 < SOURCE["flashMs"]


class Camera(MediaStreamTrack):
    kind = "video"
    number = 0

    async def recv(self):
        due = ZERO + self.number / SOURCE["fps"]
        await asyncio.sleep(max(0, due - time.monotonic()))
        y = numpy.full((SOURCE["height"], SOURCE["width"]), SOURCE["colour"]["y"], numpy.uint8)
        u = numpy.full((SOURCE["height"] // 2, SOURCE["width"] // 2), SOURCE["colour"]["u"], numpy.uint8)
        v = numpy.full((SOURCE["height"] // 2, SOURCE["width"] // 2), SOURCE["colour"]["v"], numpy.uint8)

        def fill(rect, white):
            x, top, w, h = rect["x"], rect["y"], rect["width"], rect["height"]
            y[top : top + h, x : x + w] = 235 if white else 16
            for plane in (u, v):
                plane[top // 2 : (top + h) // 2, x // 2 : (x + w) // 2] = 128

        code = SOURCE["codes"][self.number % len(SOURCE["codes"])]
        count = len(SOURCE["cells"])
        for bit, cell in enumerate(SOURCE["cells"]):
            fill(cell, (code >> (count - 1 - bit)) & 1)
        fill(SOURCE["flash"], lit(self.number / SOURCE["fps"]))
        frame = av.VideoFrame.from_ndarray(
            numpy.concatenate([plane.reshape(-1) for plane in (y, u, v)]).reshape(-1, SOURCE["width"]), "yuv420p"
        )
        frame.pts = self.number * 90000 // SOURCE["fps"]
        frame.time_base = fractions.Fraction(1, 90000)
        self.number += 1
        return frame


class Microphone(MediaStreamTrack):
    kind = "audio"
    number = 0

    async def recv(self):
        first = self.number * 960
        await asyncio.sleep(max(0, ZERO + first / 48000 - time.monotonic()))
        times = (first + numpy.arange(960)) / 48000
        on = numpy.array([lit(value) for value in times])
        samples = (0.22 * 32767 * on * numpy.sin(2 * math.pi * SOURCE["hz"] * times)).astype(numpy.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48000
        frame.pts = first
        frame.time_base = fractions.Fraction(1, 48000)
        self.number += 1
        return frame


async def main():
    connection = RTCPeerConnection()
    connection.addTrack(Microphone())
    connection.addTrack(Camera())
    await connection.setLocalDescription(await connection.createOffer())
    request = urllib.request.Request(
        ADDRESS,
        connection.localDescription.sdp.encode(),
        {"content-type": "application/sdp", "authorization": "Bearer " + TOKEN},
    )
    loop = asyncio.get_running_loop()
    response = await loop.run_in_executor(None, urllib.request.urlopen, request)
    answer = response.read().decode()
    connected = asyncio.Event()

    @connection.on("connectionstatechange")
    def changed():
        if connection.connectionState == "connected":
            connected.set()

    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await asyncio.wait_for(connected.wait(), 20)
    print("published", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    await connection.close()


asyncio.run(main())
