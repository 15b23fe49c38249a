/**
 * Runs in a page, before its own scripts: replaces its devices by a canvas and a beep on one clock. What `source` holds is written in
 * browser-source.ts.
 */
window.installSyntheticSource = (source) => {
  const media = navigator.mediaDevices;
  const openReal = media.getUserMedia.bind(media);
  let started;

  /** Sound by WebAudio, on whose clock everything then runs: beeps are exact to the sample. */
  const webAudioSound = async () => {
    const audio = new AudioContext({ sampleRate: 48_000 });
    await audio.resume();
    const tone = new OscillatorNode(audio, { frequency: source.hz });
    const gate = new GainNode(audio, { gain: 0 });
    const out = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
    tone.connect(gate).connect(out);
    tone.start();
    const zero = audio.currentTime + 0.1;
    let scheduled = 0;
    return {
      time: () => audio.currentTime - zero,
      tick: (time) => {
        for (; scheduled < time + 2; scheduled += 1) {
          if (scheduled % source.of !== source.index) continue;
          gate.gain.setValueAtTime(0.22, zero + scheduled);
          gate.gain.setValueAtTime(0, zero + scheduled + source.flashMs / 1000);
        }
      },
      track: () => out.stream.getAudioTracks()[0].clone(),
    };
  };

  /** Sound by the browser's own test tone, let through while it flashes: where there is no audio device, WebAudio does not run in Firefox. */
  const toneSound = async () => {
    const constraints = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const [tone] = (await openReal({ audio: constraints })).getAudioTracks();
    const given = [];
    const zero = performance.now() + 100;
    return {
      time: () => (performance.now() - zero) / 1000,
      tick: (_time, lit) => {
        for (const track of given) track.enabled = lit;
      },
      track: () => {
        const track = tone.clone();
        track.enabled = false;
        given.push(track);
        return track;
      },
    };
  };

  const draw = (context, time, lit) => {
    const fill = (rect, colour) => {
      context.fillStyle = colour;
      context.fillRect(rect.x, rect.y, rect.width, rect.height);
    };
    fill({ x: 0, y: 0, width: source.width, height: source.height }, source.colour);
    fill(source.flash, lit ? 'white' : 'black');
    const code = source.codes[Math.max(0, Math.floor(time * source.fps)) % source.codes.length] ?? 0;
    source.cells.forEach((cell, bit) => {
      fill(cell, (code >> (source.cells.length - 1 - bit)) & 1 ? 'white' : 'black');
    });
    const way = source.track.width - source.ball;
    const along = Math.abs(((Math.max(0, time) * 120) % (2 * way)) - way);
    fill({ x: source.track.x + along, y: source.track.y, width: source.ball, height: source.ball }, 'white');
  };

  const start = async () => {
    const sound = await (source.sound === 'webaudio' ? webAudioSound() : toneSound());
    const canvas = document.createElement('canvas');
    canvas.width = source.width;
    canvas.height = source.height;
    const context = canvas.getContext('2d', { alpha: false });
    const tick = () => {
      const time = sound.time();
      const second = Math.floor(time);
      const lit = time >= 0 && second % source.of === source.index && (time - second) * 1000 < source.flashMs;
      sound.tick(time, lit);
      draw(context, time, lit);
    };
    tick();
    setInterval(tick, 1000 / source.fps);
    const picture = canvas.captureStream(source.fps);
    return { camera: () => picture.getVideoTracks()[0].clone(), microphone: sound.track };
  };

  const give = async (constraints) => {
    started ??= start();
    const { camera, microphone } = await started;
    const tracks = [];
    if (constraints?.video) tracks.push(camera());
    if (constraints?.audio) tracks.push(microphone());
    return new MediaStream(tracks);
  };
  media.getUserMedia = give;
  media.getDisplayMedia = () => give({ video: true });
  media.enumerateDevices = () =>
    Promise.resolve(
      ['videoinput', 'audioinput'].map((kind) => {
        const device = { deviceId: kind, groupId: 'synthetic', kind, label: `Synthetic ${kind}` };
        return { ...device, toJSON: () => device };
      }),
    );
};
