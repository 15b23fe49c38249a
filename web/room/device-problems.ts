/** What is wrong with camera and microphone, in as few sentences as it takes. Pure. */
import type { DeviceError } from '../client/index.ts';

type Problem = Pick<DeviceError, 'trouble' | 'message'>;

/** One sentence where both have the same trouble, as they usually do. */
export const deviceProblems = (camera: Problem | null, microphone: Problem | null): readonly string[] => {
  if (camera !== null && camera.trouble === microphone?.trouble) {
    if (camera.trouble === 'denied') {
      return [
        'Your browser blocks camera and microphone. Allow them with the icon beside the address, then try again.',
      ];
    }
    if (camera.trouble === 'missing') return ['No camera and no microphone were found. Plug them in and try again.'];
  }
  const messages = [camera, microphone].flatMap((problem) => (problem === null ? [] : [problem.message]));
  return [...new Set(messages)];
};
