// The example template: everybody in equal tiles, or one thing large and the others beside it. Copy it, and make it yours; all that it
// needs of the server is /client.js (docs/templates.md).
import { openTemplate } from '/client.js';

/** @typedef {import('/client.js').Participant} Participant */
/** @typedef {{ participant: Participant, source: 'camera' | 'screenVideo' }} Content */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

/** Tiles at once where no moderator has asked for another number. */
const MOST_TILES = 9;
/** Beside what is shown large. */
const MOST_BESIDE = 5;
const SHAPE = 16 / 9;

const area = /** @type {HTMLElement} */ (document.getElementById('room'));
const pattern = /** @type {HTMLTemplateElement} */ (document.getElementById('tile'));
/** @type {Map<string, { figure: HTMLElement, stream: MediaStream | null, hide: () => void }>} */
const tiles = new Map();

const room = await openTemplate();
room.on('changed', draw);
addEventListener('resize', draw);
draw();

function draw() {
  const { large, others } = choose();
  const { clientWidth: width, clientHeight: height } = area;
  const gap = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.75;
  const whole = { left: 0, top: 0, width, height };
  const drawn = new Set();
  const place = (/** @type {Content[]} */ contents, /** @type {Box} */ within) => {
    const boxes = arrange(contents.length, within, gap);
    contents.forEach((content, index) => {
      drawn.add(drawTile(content, boxes[index] ?? within));
    });
  };
  if (large === null) place(others, whole);
  else if (others.length === 0) drawn.add(drawTile(large, whole));
  else {
    const [stage, beside] = split(whole, others.length, gap);
    drawn.add(drawTile(large, stage));
    place(others, beside);
  }
  for (const [key, { figure, hide }] of tiles) {
    if (drawn.has(key)) continue;
    hide();
    figure.remove();
    tiles.delete(key);
  }
}

/**
 * What is large, if anything, and who is beside it: a shared screen first, then what a moderator has asked for.
 * @returns {{ large: Content | null, others: Content[] }}
 */
function choose() {
  const { participants, layout } = room;
  const sharing = participants.findLast(({ screenVideo }) => screenVideo !== null);
  if (sharing)
    return { large: { participant: sharing, source: 'screenVideo' }, others: those(participants, MOST_BESIDE) };
  if (layout.type !== 'SPOTLIGHT' && layout.type !== 'SIDEBAR') {
    return { large: null, others: those(participants, layout.gridSize ?? MOST_TILES) };
  }
  const [pinned] = participants.filter((participant) => participant.pinned);
  const first = pinned ?? room.activeSpeaker ?? participants[0];
  if (!first) return { large: null, others: [] };
  const rest = participants.filter((participant) => participant !== first);
  return {
    large: { participant: first, source: 'camera' },
    others: layout.type === 'SPOTLIGHT' ? [] : those(rest, MOST_BESIDE),
  };
}

/**
 * Who fits: pinned people, then who spoke last. Their order stays, since tiles that jump can't be watched.
 * @param {readonly Participant[]} people
 * @param {number} most
 * @returns {Content[]}
 */
function those(people, most) {
  const rank = (/** @type {Participant} */ { participantId, pinned }) => {
    const spoke = room.speakers.indexOf(participantId);
    return pinned ? -1 : spoke === -1 ? room.speakers.length : spoke;
  };
  const chosen = new Set([...people].sort((a, b) => rank(a) - rank(b)).slice(0, most));
  return people
    .filter((participant) => chosen.has(participant))
    .map((participant) => ({ participant, source: 'camera' }));
}

/**
 * Rows and columns in which tiles of 16:9 become largest; an unfilled row stands in the middle.
 * @param {number} count
 * @param {Box} within
 * @param {number} gap
 * @returns {Box[]}
 */
function arrange(count, within, gap) {
  let columns = 1;
  let width = 0;
  for (let tried = 1; tried <= count; tried++) {
    const rows = Math.ceil(count / tried);
    const byWidth = (within.width - gap * (tried - 1)) / tried;
    const byHeight = ((within.height - gap * (rows - 1)) / rows) * SHAPE;
    if (Math.min(byWidth, byHeight) <= width) continue;
    width = Math.min(byWidth, byHeight);
    columns = tried;
  }
  const height = width / SHAPE;
  const rows = Math.ceil(count / columns);
  const top = within.top + (within.height - rows * height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = within.left + (within.width - inRow * width - (inRow - 1) * gap) / 2;
    return { left: left + (index % columns) * (width + gap), top: top + row * (height + gap), width, height };
  });
}

/**
 * A stage, and a column beside it or, where the picture stands upright, rows below it.
 * @param {Box} whole
 * @param {number} count
 * @param {number} gap
 * @returns {[Box, Box]}
 */
function split(whole, count, gap) {
  const { width, height } = whole;
  if (width >= height) {
    const besides = Math.min(width * 0.26, ((height - gap * (count - 1)) / count) * SHAPE);
    const stage = { ...whole, width: width - besides - gap };
    return [stage, { ...whole, left: stage.width + gap, width: besides }];
  }
  const stage = { ...whole, height: Math.min(height * 0.6, width * 0.75) };
  return [stage, { ...whole, top: stage.height + gap, height: height - stage.height - gap }];
}

/**
 * @param {Content} content
 * @param {Box} box
 * @returns {string} Its key among the tiles.
 */
function drawTile({ participant, source }, box) {
  const key = `${participant.participantId} ${source}`;
  const track = participant[source];
  let tile = tiles.get(key);
  if (!tile) {
    const fragment = /** @type {DocumentFragment} */ (pattern.content.cloneNode(true));
    tile = { figure: /** @type {HTMLElement} */ (fragment.firstElementChild), stream: null, hide: () => undefined };
    area.append(tile.figure);
    tiles.set(key, tile);
  }
  const { figure } = tile;
  const stream = track?.stream ?? null;
  if (tile.stream !== stream) {
    tile.hide();
    tile.stream = stream;
    const video = /** @type {HTMLVideoElement} */ (figure.querySelector('video'));
    tile.hide = track && stream ? room.show(track, video) : () => undefined;
  }
  const { name, microphone, isSpeaking } = participant;
  const isOff = track === null || track.muted;
  Object.assign(figure.dataset, {
    participantId: participant.participantId,
    source,
    camera: isOff ? 'off' : 'on',
    microphone: microphone === null || microphone.muted ? 'off' : 'on',
    speaking: String(isSpeaking && source === 'camera'),
  });
  const mark = /** @type {HTMLElement} */ (figure.querySelector('.mark'));
  mark.dataset.initials = initialsOf(name);
  mark.style.setProperty('--hue', String(hueOf(participant.participantId)));
  mark.style.setProperty('--disc', `${Math.min(box.width, box.height) * 0.42}px`);
  const label = /** @type {HTMLElement} */ (figure.querySelector('.name'));
  label.textContent = source === 'camera' ? name : `${name} · screen`;
  for (const side of /** @type {const} */ (['left', 'top', 'width', 'height'])) figure.style[side] = `${box[side]}px`;
  return key;
}

/** @param {string} name */
function initialsOf(name) {
  const words = name.split(/\s+/).filter((word) => word !== '');
  const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word = '') => [...letters.segment(word)][0]?.segment.toLocaleUpperCase() ?? '').join('\u2009');
}

/** @param {string} id */
function hueOf(id) {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 997;
  return (hash * 137) % 360;
}
