/** What models come in, and the folder that they lie in. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CATALOGUE, ROLES } from '../../../src/transcription/models/catalogue.ts';
import {
  damagedFiles,
  filesOfModel,
  findModel,
  MODEL_NAME,
  namesInFolder,
  newModel,
} from '../../../src/transcription/models/model-folder.ts';
import { moonshineTokens } from '../../../src/transcription/models/moonshine-tokens.ts';
import { filesOfTarball } from '../../../src/transcription/models/tarball.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomtape-models-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the catalogue', () => {
  it('pins every file by a hash, and has all files of every model', () => {
    for (const { name, source, kind } of CATALOGUE) {
      expect(name).toMatch(MODEL_NAME);
      if (source.from === 'npm') {
        for (const { integrity } of source.packages) expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
        continue;
      }
      expect(Object.keys(source.files).sort()).toEqual([...ROLES[kind]].sort());
      for (const { url, sha256 } of Object.values(source.files)) {
        expect(url).toMatch(/^https:/);
        expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      }
    }
  });
});

/** A ustar archive of these files. */
const tarOf = (files: Readonly<Record<string, string>>, type = '0'): Buffer => {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write(text.length.toString(8).padStart(11, '0'), 124);
    header.write(type, 156);
    const body = Buffer.alloc(Math.ceil(text.length / 512) * 512);
    body.write(text);
    return [header, body];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
};

describe('a tarball', () => {
  it('gives the files that are asked for, and those alone', async () => {
    const tarball = tarOf({ 'package/a': 'A'.repeat(600), 'package/b': '', 'package/c': 'C' });
    const found = await filesOfTarball(tarball, ['package/a', 'package/c']);
    expect([...found].map(([path, bytes]) => [path, bytes.toString()])).toEqual([
      ['package/a', 'A'.repeat(600)],
      ['package/c', 'C'],
    ]);
  });

  it.each([
    ['lacks a file', tarOf({ 'package/b': 'B' }), /lacks package\/a/],
    ['has a link in its place', tarOf({ 'package/a': 'B' }, '2'), /lacks package\/a/],
    ['breaks off', gzipSync(Buffer.from(tarOf({ 'package/a': 'B' })).subarray(0, 40)), /./],
    ['is none', Buffer.from('hello'), /./],
  ])('is refused when it %s', async (_, tarball, words) => {
    await expect(filesOfTarball(tarball, ['package/a'])).rejects.toThrow(words);
  });
});

describe("Moonshine's vocabulary", () => {
  it("is LLaMA's, byte for byte, and 768 tokens more", () => {
    const llama = ['<unk>', '<0x41>', '▁the', ...Array.from({ length: 31_997 }, (_, i) => `t${i}`)];
    const source = `const llama_vocab_base64 = "${Buffer.from(llama.join('\n')).toString('base64')}";`;
    const lines = moonshineTokens(source).trim().split('\n');
    expect(lines.length).toBe(32_768);
    const decoded = lines.map((line) => Buffer.from(line.split(' ')[0] ?? '', 'base64').toString());
    expect(decoded.slice(0, 3)).toEqual(['<unk>', 'A', ' the']);
    expect(decoded.slice(-1)).toEqual(['<<ST_767>>']);
    expect(lines.at(-1)).toMatch(/ 32767$/);
  });

  it('is refused when it is another one', () => {
    expect(() => moonshineTokens('llama_vocab_base64 = "YQpi"')).toThrow(/32000 tokens is needed; 2 were found/);
  });
});

describe('the model folder', () => {
  const about = { kind: 'whisper', languages: ['de'], licence: 'none' } as const;
  const publish = async (name: string, text = 'weights'): Promise<void> => {
    const made = await newModel(folder, name);
    for (const role of ROLES.whisper) writeFileSync(join(made.folder, `${role}.bin`), `${role} ${text}`);
    await made.publish(about, Object.fromEntries(ROLES.whisper.map((role) => [role, `${role}.bin`])));
    await made.discard();
  };

  it('has a model whole or not at all, readable by whoever transcribes', async () => {
    expect(await findModel(folder, 'mine')).toBeNull();
    await publish('mine');
    const model = await findModel(folder, 'mine');
    expect(model).toMatchObject({ name: 'mine', ...about });
    expect(model && filesOfModel(model)).toEqual({
      name: 'mine',
      folder: join(folder, 'mine'),
      kind: 'whisper',
      languages: ['de'],
      files: { encoder: 'encoder.bin', decoder: 'decoder.bin', tokens: 'tokens.bin' },
    });
    expect(statSync(join(folder, 'mine', 'tokens.bin')).mode & 0o777).toBe(0o644);
    expect(await namesInFolder(folder)).toEqual(['mine']);
  });

  it('puts a newer one in the place of the former, and leaves nothing behind', async () => {
    await publish('mine');
    await publish('mine', 'better weights');
    expect((await findModel(folder, 'mine'))?.files.encoder?.bytes).toBe('encoder better weights'.length);
    expect(readdirSync(folder)).toEqual(['mine']);
  });

  it('drops what is not finished', async () => {
    const made = await newModel(folder, 'mine');
    writeFileSync(join(made.folder, 'encoder.bin'), 'half');
    await made.discard();
    await made.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says what is wrong with a model that is not as it was', async () => {
    await publish('mine');
    const model = await findModel(folder, 'mine');
    writeFileSync(join(folder, 'mine', 'tokens.bin'), 'tokens WEIGHTS');
    expect(model && (await damagedFiles(model))).toEqual(['tokens.bin']);
    writeFileSync(join(folder, 'mine', 'tokens.bin'), 'short');
    await expect(findModel(folder, 'mine')).rejects.toThrow(/"tokens\.bin" has 5 bytes, not 14\. Pull it again/);
    writeFileSync(join(folder, 'mine', 'model.json'), '{}');
    await expect(findModel(folder, 'mine')).rejects.toThrow(/does not say what it should/);
  });

  it('names nothing that is no model, and no file outside', async () => {
    mkdirSync(join(folder, '.unfinished'));
    writeFileSync(join(folder, 'note'), '');
    expect(await namesInFolder(folder)).toEqual([]);
    expect(await namesInFolder(join(folder, 'nowhere'))).toEqual([]);
    mkdirSync(join(folder, 'evil'));
    const files = { model: { file: '../../etc/passwd', bytes: 1, sha256: '0'.repeat(64) } };
    const facts = { version: 1, kind: 'voice', languages: null, licence: '', files };
    writeFileSync(join(folder, 'evil', 'model.json'), JSON.stringify(facts));
    await expect(findModel(folder, 'evil')).rejects.toThrow(/does not say what it should/);
  });
});
