/** The data folder: what lies where. One place, so that two processes never disagree. */
import { join, resolve } from 'node:path';
import { runDirectory } from '../support/run-directory.ts';

export interface DataPaths {
  readonly root: string;
  /** One folder per session. */
  readonly journals: string;
  /** One folder per recording: compositions' segments while they are rendered, then the finished file. */
  readonly recordings: string;
  /** Sockets, pid files and the like; gone after an orderly end. */
  readonly run: string;
  readonly supervisorSocket: string;
  readonly mediaSocket: string;
  readonly mediaPid: string;
  /** What the running media process was started with. */
  readonly mediaSettings: string;
  /** Of one server process: one that is still ending would take away the socket of its successor. */
  readonly workSocketOf: (serverPid: number) => string;
  /** The same for transcribers. */
  readonly listenSocketOf: (serverPid: number) => string;
  /** Held by the supervisor as long as it lives. */
  readonly lock: string;
  /** Secret of the resume tokens: it outlives the media process, so that participants come back as themselves. */
  readonly resumeSecret: string;
}

/** Absolute paths below a data folder. Makes the run folder. */
export const dataPaths = (dataDir: string): DataPaths => {
  const root = resolve(dataDir);
  const run = runDirectory(root);
  return {
    root,
    journals: join(root, 'journals'),
    recordings: join(root, 'recordings'),
    run,
    supervisorSocket: join(run, 'supervisor.sock'),
    // In a folder of its own: the media process may be another user, who must not meddle with what else lies in `run`.
    mediaSocket: join(run, 'media', 'media.sock'),
    mediaPid: join(run, 'media.pid'),
    mediaSettings: join(run, 'media-settings.json'),
    workSocketOf: (serverPid) => join(run, `work-${serverPid}.sock`),
    listenSocketOf: (serverPid) => join(run, `listen-${serverPid}.sock`),
    lock: join(root, 'lock'),
    resumeSecret: join(root, 'resume-secret'),
  };
};
