/** What we use of sherpa-onnx-node, which brings no types: as its JSDoc and its C++ say (1.13.8). */
declare module 'sherpa-onnx-node' {
  export interface VadConfig {
    readonly sileroVad: {
      readonly model: string;
      readonly threshold: number;
      /** Seconds, as are the next two. */
      readonly minSilenceDuration: number;
      readonly minSpeechDuration: number;
      readonly maxSpeechDuration: number;
      /** Samples; 512 at 16 kHz. */
      readonly windowSize: number;
    };
    readonly sampleRate: number;
    readonly numThreads: number;
    readonly debug: 0 | 1;
  }

  class Vad {
    constructor(config: VadConfig, bufferSeconds: number);
    acceptWaveform(samples: Float32Array): void;
    isEmpty(): boolean;
    /** It is in the middle of speech. */
    isDetected(): boolean;
    /** `start`: samples since the beginning, or since `reset`. `enableExternalBuffer` false: the samples are copied. */
    front(enableExternalBuffer: boolean): { readonly start: number; readonly samples: Float32Array };
    pop(): void;
    /** Ends the speech that it is in the middle of. */
    flush(): void;
    reset(): void;
  }

  export interface OfflineRecognizerConfig {
    readonly featConfig: { readonly sampleRate: number; readonly featureDim: number };
    readonly modelConfig: {
      readonly tokens: string;
      readonly numThreads: number;
      readonly provider: 'cpu';
      readonly debug: 0 | 1;
      readonly modelType?: string;
      readonly moonshine?: { readonly encoder: string; readonly mergedDecoder: string };
      readonly whisper?: {
        readonly encoder: string;
        readonly decoder: string;
        readonly language: string;
        readonly task: 'transcribe';
      };
      readonly senseVoice?: {
        readonly model: string;
        readonly language: string;
        readonly useInverseTextNormalization: 0 | 1;
      };
      readonly transducer?: { readonly encoder: string; readonly decoder: string; readonly joiner: string };
    };
  }

  class OfflineStream {
    acceptWaveform(wave: { readonly samples: Float32Array; readonly sampleRate: number }): void;
  }

  class OfflineRecognizer {
    private constructor();
    static createAsync(config: OfflineRecognizerConfig): Promise<OfflineRecognizer>;
    createStream(): OfflineStream;
    /** Parsed JSON of the C++ result. */
    decodeAsync(stream: OfflineStream): Promise<unknown>;
  }

  export type { OfflineRecognizer, Vad };

  /** CommonJS: its names are properties of this. */
  const sherpa: { readonly Vad: typeof Vad; readonly OfflineRecognizer: typeof OfflineRecognizer };
  export default sherpa;
}
