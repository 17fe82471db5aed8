import { collectBytes } from './http.ts';
import { gitFailure, type HttpContext } from './http-failure.ts';
import type { GitTransport, TransportResponse } from './isomorphic-git.ts';

/**
 * Protocol version 2 begins every operation by asking what the server can, which does not change from poll to poll. The
 * transports that this makes ask once: so a poll that finds nothing new is one request. A failure makes them ask again.
 */
export function rememberCapabilities(): (transport: GitTransport, context: HttpContext) => GitTransport {
  let known: (Omit<TransportResponse, 'body'> & { readonly bytes: Buffer }) | undefined;
  const replay = (response: NonNullable<typeof known>): TransportResponse => ({
    ...response,
    body: (async function* () {
      yield response.bytes;
    })(),
  });
  return (transport, context) => ({
    async request(asked) {
      const isQuestion = asked.method === 'GET';
      if (isQuestion && known !== undefined) return replay(known);
      try {
        const response = await transport.request(asked);
        if (!isQuestion) return response;
        const bytes = await collectBytes(response.body);
        const text = bytes.toString('latin1', 0, 4096);
        if (text.includes('object-format=sha256')) {
          throw gitFailure(
            context,
            'REJECTED',
            'uses SHA-256 object ids, which are not supported: convert it to SHA-1.',
          );
        }
        // Version 1 answers with the refs themselves.
        if (VERSION_2.test(text)) known = { ...response, bytes };
        return replay({ ...response, bytes });
      } catch (error) {
        known = undefined;
        throw error;
      }
    },
  });
}

const VERSION_2 = /^(?:001e# service=git-upload-pack\n0000)?000eversion 2\n/;
