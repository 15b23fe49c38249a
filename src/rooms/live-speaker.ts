/**
 * Who speaks, for the live room's view: from the audio levels that clients send in the RTP header extension of RFC 6464. Pure: time is
 * passed in. (A recording's speaker is found by `timeline/` from decoded sound; a client can lie to this one.)
 *
 * A participant speaks while its smoothed level is above a threshold; the floor passes to another who has spoken for a moment when
 * the present speaker is silent or clearly quieter. In silence the last speaker keeps the floor.
 */
import type { ParticipantId } from '../domain/ids.ts';

/** dBov above which speech begins, and below which it has ended. Speech at a headset is −20 to −40, a quiet room below −60. */
const BEGINS_DBOV = -45;
const ENDS_DBOV = -52;
/** A level halves its distance to the newest report in about this time: shorter than a syllable's pause, longer than a click. */
const SMOOTHING_MS = 150;
/** A cough is shorter, a word is longer. */
const TAKES_FLOOR_AFTER_MS = 300;
/** Who interrupts must be louder by this much; equal voices do not flicker. */
const INTERRUPTS_BY_DB = 6;
/** No level for this long is silence: DTX stops sending. */
const SILENT_AFTER_MS = 600;
/** The least time between two changes while the present speaker goes on speaking. */
const KEEPS_FLOOR_MS = 1000;
/** RFC 6464 §3: 127 is digital silence. */
const SILENCE_DBOV = -127;

interface Voice {
  smoothedDbov: number;
  reportedAtMs: number;
  /** When the present utterance began, or null while silent. */
  speakingSinceMs: number | null;
}

export class LiveSpeaker {
  readonly #voices = new Map<ParticipantId, Voice>();
  #speaker: ParticipantId | null = null;
  #changedAtMs = Number.NEGATIVE_INFINITY;

  /** The present speaker; null until somebody has spoken, and again when the speaker has left. */
  get speaker(): ParticipantId | null {
    return this.#speaker;
  }

  /** One report of RFC 6464: `level` is 0 (loudest) to 127 (silence), in −dBov. Called per audio packet: allocates nothing. */
  report(participantId: ParticipantId, level: number, nowMs: number): void {
    let voice = this.#voices.get(participantId);
    if (!voice) {
      voice = { smoothedDbov: SILENCE_DBOV, reportedAtMs: nowMs, speakingSinceMs: null };
      this.#voices.set(participantId, voice);
    }
    if (nowMs - voice.reportedAtMs > SILENT_AFTER_MS) voice.smoothedDbov = SILENCE_DBOV;
    const elapsed = Math.max(1, Math.min(SILENT_AFTER_MS, nowMs - voice.reportedAtMs));
    voice.smoothedDbov += (-level - voice.smoothedDbov) * (1 - 2 ** (-elapsed / SMOOTHING_MS));
    voice.reportedAtMs = nowMs;
    if (voice.smoothedDbov >= BEGINS_DBOV) voice.speakingSinceMs ??= nowMs;
    else if (voice.smoothedDbov < ENDS_DBOV) voice.speakingSinceMs = null;
  }

  /** The participant left or no longer has a microphone. */
  forget(participantId: ParticipantId): void {
    this.#voices.delete(participantId);
    if (this.#speaker === participantId) this.#speaker = null;
  }

  /** Decides; called a few times a second. Returns the speaker. */
  update(nowMs: number): ParticipantId | null {
    const present = this.#speaker === null ? undefined : this.#voices.get(this.#speaker);
    let loudest: ParticipantId | null = null;
    let loudestDbov = Number.NEGATIVE_INFINITY;
    for (const [participantId, voice] of this.#voices) {
      if (nowMs - voice.reportedAtMs > SILENT_AFTER_MS) voice.speakingSinceMs = null;
      if (voice.speakingSinceMs === null || nowMs - voice.speakingSinceMs < TAKES_FLOOR_AFTER_MS) continue;
      if (participantId === this.#speaker || voice.smoothedDbov <= loudestDbov) continue;
      loudest = participantId;
      loudestDbov = voice.smoothedDbov;
    }
    if (loudest === null) return this.#speaker;
    if (present && present.speakingSinceMs !== null) {
      const interrupts =
        loudestDbov > present.smoothedDbov + INTERRUPTS_BY_DB && nowMs - this.#changedAtMs >= KEEPS_FLOOR_MS;
      if (!interrupts) return this.#speaker;
    }
    this.#speaker = loudest;
    this.#changedAtMs = nowMs;
    return loudest;
  }
}
