/**
 * Runs in a page, before its own scripts: replaces its devices by a canvas and WebAudio on one clock. What `source` holds is written in
 * browser-source.ts.
 */
window.installSyntheticSource = (source) => {
  const media = navigator.mediaDevices;
  let started;

  const start = () => {
    const audio = new AudioContext({ sampleRate: 48_000 });
    const canvas = document.createElement('canvas');
    canvas.width = source.width;
    canvas.height = source.height;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('No canvas.');
    const tone = new OscillatorNode(audio, { frequency: source.hz });
    const gate = new GainNode(audio, { gain: 0 });
    const out = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
    tone.connect(gate).connect(out);
    tone.start();
    const zero = audio.currentTime + 0.1;
    let scheduled = 0;
    const fill = (rect, colour) => {
      context.fillStyle = colour;
      context.fillRect(rect.x, rect.y, rect.width, rect.height);
    };
    const draw = () => {
      void audio.resume();
      const time = audio.currentTime - zero;
      while (scheduled < time + 2) {
        if (scheduled % source.of === source.index) {
          gate.gain.setValueAtTime(0.22, zero + scheduled);
          gate.gain.setValueAtTime(0, zero + scheduled + source.flashMs / 1000);
        }
        scheduled += 1;
      }
      const second = Math.floor(time);
      const lit = time >= 0 && second % source.of === source.index && (time - second) * 1000 < source.flashMs;
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
    draw();
    setInterval(draw, 1000 / source.fps);
    const picture = canvas.captureStream(source.fps);
    const one = (tracks) => () => {
      const [track] = tracks;
      if (!track) throw new Error('No track.');
      return track.clone();
    };
    return { camera: one(picture.getVideoTracks()), microphone: one(out.stream.getAudioTracks()) };
  };

  const give = (constraints) => {
    started ??= start();
    const tracks = [];
    if (constraints?.video) tracks.push(started.camera());
    if (constraints?.audio) tracks.push(started.microphone());
    return Promise.resolve(new MediaStream(tracks));
  };
  media.getUserMedia = (constraints) => give(constraints);
  media.getDisplayMedia = () => give({ video: true });
  media.enumerateDevices = () =>
    Promise.resolve(
      ['videoinput', 'audioinput'].map((kind) => {
        const device = { deviceId: kind, groupId: 'synthetic', kind, label: `Synthetic ${kind}` };
        return { ...device, toJSON: () => device };
      }),
    );
};
