/**
 * The models that we know where to get, each file pinned by its hash. A hash that is wrong here refuses a good file; it never lets a bad one
 * through. Others are pulled by the operator's own addresses and hashes (`roomtape models pull --file`).
 *
 * - From npm (`silero-vad`, `moonshine-tiny-en`): packages with the weights in their tarball, through whichever registry npm is configured
 *   for. Pulled and run by our tests.
 * - By address: int8 exports by the sherpa-onnx project on Hugging Face, each at one commit. We have neither fetched nor run them: their hashes
 *   are those that other public projects pin for the same files, named in docs/decisions/0112-where-models-come-from.md.
 */
import type { ModelFiles } from '../task.ts';

export type SpeechKind = ModelFiles['kind'];

/** A tarball of npm's. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Of the tarball (Subresource Integrity). */
  readonly integrity: string;
  /** Paths in the tarball, by the role that the file has in the model. */
  readonly files: Readonly<Record<string, string>>;
}

export interface AddressedFile {
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
}

export type ModelSource =
  | { readonly from: 'npm'; readonly packages: readonly NpmPackage[] }
  | { readonly from: 'address'; readonly files: Readonly<Record<string, AddressedFile>> };

export interface CatalogueModel {
  readonly name: string;
  /** `voice` finds speech; the others understand it. */
  readonly kind: 'voice' | SpeechKind;
  /** Primary languages; null: about a hundred (Whisper's). */
  readonly languages: readonly string[] | null;
  readonly licence: string;
  /** What is downloaded, MB. */
  readonly megabytes: number;
  readonly source: ModelSource;
}

/** Finds speech, for every engine. */
export const VOICE_MODEL = 'silero-vad';
export const DEFAULT_SPEECH_MODEL = 'moonshine-tiny-en';

const hugging = (repository: string, revision: string, file: string, sha256: string): AddressedFile => ({
  url: `https://huggingface.co/csukuangfj/${repository}/resolve/${revision}/${file}`,
  sha256,
});

/** One vocabulary for all multilingual sizes. */
const WHISPER_TOKENS = hugging(
  'sherpa-onnx-whisper-base',
  'bb53ee204431c90d314c1cc08d28d23e5b7927cc',
  'base-tokens.txt',
  'b34b360dbb493e781e479794586d661700670d65564001f23024971d1f2fa126',
);

const whisper = (
  size: string,
  megabytes: number,
  revision: string,
  hashes: { readonly encoder: string; readonly decoder: string },
): CatalogueModel => ({
  name: `whisper-${size}`,
  kind: 'whisper',
  languages: null,
  licence: 'MIT (OpenAI)',
  megabytes,
  source: {
    from: 'address',
    files: {
      encoder: hugging(`sherpa-onnx-whisper-${size}`, revision, `${size}-encoder.int8.onnx`, hashes.encoder),
      decoder: hugging(`sherpa-onnx-whisper-${size}`, revision, `${size}-decoder.int8.onnx`, hashes.decoder),
      tokens: WHISPER_TOKENS,
    },
  },
});

const PARAKEET = 'sherpa-onnx-nemo-parakeet-tdt-0.6b-v3-int8';
const PARAKEET_REVISION = '2bda32ec70b097a55adaa07d9a7173915b43cc78';
const SENSE_VOICE = 'sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17';
const SENSE_VOICE_REVISION = '2365baeacb507f821a0c8120fcee3d484dba7a07';

export const CATALOGUE: readonly CatalogueModel[] = [
  {
    name: VOICE_MODEL,
    kind: 'voice',
    languages: null,
    licence: 'MIT (Silero Team)',
    megabytes: 5,
    source: {
      from: 'npm',
      packages: [
        {
          name: '@ricky0123/vad-web',
          version: '0.0.31',
          integrity: 'sha512-ePVq8TvB21sdHSxVMZOEIf9JVa7MAYpaIaNXeGgsPOiMCN8xbPCdF2LS5aYj7VRR3ZxzutedgV9ZplV65IA1Fg==',
          files: { model: 'package/dist/silero_vad_v6.onnx' },
        },
      ],
    },
  },
  {
    name: DEFAULT_SPEECH_MODEL,
    kind: 'moonshine',
    languages: ['en'],
    licence: 'MIT (Useful Sensors; its vocabulary: belladore.ai)',
    megabytes: 22,
    source: {
      from: 'npm',
      packages: [
        {
          name: '@moonshine-ai/moonshine-js',
          version: '0.1.29',
          integrity: 'sha512-Gx1B3mJcbM68ihSy/LyJEuEkGq7sYMqTb04zNdcIeidU0URVlSmXP0GyiQOTTAqDZQXlIC7k+bky+FdXk0UPlg==',
          files: {
            encoder: 'package/dist/model/tiny/quantized/encoder_model.onnx',
            decoder: 'package/dist/model/tiny/quantized/decoder_model_merged.onnx',
          },
        },
        {
          name: 'llama-tokenizer-js',
          version: '1.2.2',
          integrity: 'sha512-Wmth393dc3odWU3IzARJ3r2oIfWgw9GdJ5Gm+hGhfECNO18UHLRqEFSf511jn4E9KcQGzuuKw4Wl08pHAemLAw==',
          files: { vocabulary: 'package/llama-tokenizer.js' },
        },
      ],
    },
  },
  whisper('tiny', 104, '65176e2deb88badc814a94058666cadccc29b61c', {
    encoder: 'd24fb083ae3b1041fc24e97971d60e280c9342201fbb67b0ab428a8b4a51a434',
    decoder: 'd2fece8dd42771f1df975c6c0445770d0c292bf7547c2cae04a6c0cc57540925',
  }),
  whisper('base', 161, 'bb53ee204431c90d314c1cc08d28d23e5b7927cc', {
    encoder: '0b8fb1304b6109976038efff5ace81720e00386f3ff6b54ee8c75291ca0a1e11',
    decoder: '9759d217388a01b3a4c7c15533201067b48ae819c4daafc8624e64b9409dc02d',
  }),
  whisper('small', 376, '8f3c18b358db4d1f2fc1eae49d75cd20989e4309', {
    encoder: '4cbe7b22fa9026b843b60a68640c747de05bafb1a11b57edc0e66c232d9f33a9',
    decoder: 'acad50b5c782696e91b55914cc5ab4f756f1532f76e22aa6fc615f39fb69a8ee',
  }),
  {
    name: 'sense-voice-small',
    kind: 'sense-voice',
    languages: ['zh', 'yue', 'en', 'ja', 'ko'],
    licence: 'FunASR Model License 1.1 (name the model and its authors)',
    megabytes: 240,
    source: {
      from: 'address',
      files: {
        model: hugging(
          SENSE_VOICE,
          SENSE_VOICE_REVISION,
          'model.int8.onnx',
          'c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51',
        ),
        tokens: hugging(
          SENSE_VOICE,
          SENSE_VOICE_REVISION,
          'tokens.txt',
          'f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc',
        ),
      },
    },
  },
  {
    name: 'parakeet-tdt-0.6b-v3',
    kind: 'transducer',
    languages: 'bg hr cs da nl en et fi fr de el hu it lv lt mt pl pt ro ru sk sl es sv uk'.split(' '),
    licence: 'CC-BY-4.0 (NVIDIA)',
    megabytes: 670,
    source: {
      from: 'address',
      files: {
        encoder: hugging(
          PARAKEET,
          PARAKEET_REVISION,
          'encoder.int8.onnx',
          'acfc2b4456377e15d04f0243af540b7fe7c992f8d898d751cf134c3a55fd2247',
        ),
        decoder: hugging(
          PARAKEET,
          PARAKEET_REVISION,
          'decoder.int8.onnx',
          '179e50c43d1a9de79c8a24149a2f9bac6eb5981823f2a2ed88d655b24248db4e',
        ),
        joiner: hugging(
          PARAKEET,
          PARAKEET_REVISION,
          'joiner.int8.onnx',
          '3164c13fc2821009440d20fcb5fdc78bff28b4db2f8d0f0b329101719c0948b3',
        ),
        tokens: hugging(
          PARAKEET,
          PARAKEET_REVISION,
          'tokens.txt',
          'd58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d',
        ),
      },
    },
  },
];

/** Files that a model of this kind is made of, by their roles. */
export const ROLES: Readonly<Record<CatalogueModel['kind'], readonly string[]>> = {
  voice: ['model'],
  moonshine: ['encoder', 'decoder', 'tokens'],
  whisper: ['encoder', 'decoder', 'tokens'],
  'sense-voice': ['model', 'tokens'],
  transducer: ['encoder', 'decoder', 'joiner', 'tokens'],
};

export const findInCatalogue = (name: string): CatalogueModel | undefined =>
  CATALOGUE.find((model) => model.name === name);
