/** `/openapi.json` (OpenAPI 3.1, made from the schemas by which requests are validated) and `/api-docs` to browse and try it. */
import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { App } from '../api-context.ts';

const DESCRIPTION = `Records video rooms; answers VideoSDK's recording API.

Authorize with a JWT (HS256, signed with the API secret), as it is or after "Bearer ". Errors: \`{statusCode, code, error, message}\`.`;

/** Registers the collector: before the routes. */
export const collectOpenApi = async (app: App, version: string, publicUrl: string | undefined): Promise<void> => {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Roomtape',
        version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: publicUrl ?? '/' }],
      components: {
        securitySchemes: {
          token: {
            type: 'apiKey',
            in: 'header',
            name: 'Authorization',
            description: 'A JWT, as it is or after "Bearer ".',
          },
        },
      },
      security: [{ token: [] }],
      tags: [
        'rooms',
        'sessions',
        'recordings',
        'transcriptions',
        'files',
        'webhooks',
        'whip',
        'whep',
        'room socket',
        'operations',
      ].map((name) => ({
        name,
      })),
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
};

/** The library's scripts are files of ours; it writes styles into the page. Calls that are tried out go to where callers are told to. */
const docsPolicy = (publicUrl: string | undefined): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self'${publicUrl === undefined ? '' : ` ${new URL(publicUrl).origin}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');

export const openApiRoutes = async (app: App, publicUrl: string | undefined): Promise<void> => {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(fastifySwaggerUi, {
    routePrefix: '/api-docs',
    staticCSP: true,
    transformStaticCSP: () => docsPolicy(publicUrl),
    uiConfig: { deepLinking: true, persistAuthorization: false },
    theme: {
      title: 'Roomtape API',
      // The bar above carries the mark of the library and a field for other descriptions.
      css: [{ filename: 'roomtape.css', content: '.swagger-ui .topbar { display: none; }' }],
    },
  });
};
