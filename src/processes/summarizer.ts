/** Who sums up what was said: the language model of the settings, or rules where none is configured. */
import type { Config } from '../config/config.ts';
import type { Summarizer } from '../recordings/transcription-ports.ts';
import { openChatEndpoint } from '../transcription/summary/endpoint/chat-endpoint.ts';
import { summarize } from '../transcription/summary/summarize.ts';

export const summarizer = ({ llm }: Pick<Config, 'llm'>): Summarizer => {
  const model = llm ? openChatEndpoint(llm) : null;
  return (request) => summarize({ ...request, model });
};
