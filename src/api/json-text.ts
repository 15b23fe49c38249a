/** Several answers of the API are a bare JSON string: `"Recording started successfully"`. */
import type { FastifyReply } from 'fastify';

/** Sends a JSON string (fastify would send a plain text). */
export const sendJsonText = (reply: FastifyReply, text: string): FastifyReply =>
  reply.type('application/json; charset=utf-8').send(JSON.stringify(text));
