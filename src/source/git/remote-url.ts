import { withoutCredentials } from '../../object/address.ts';
import { quoteName } from '../../object/hidden.ts';
import { type PortCode, PortError } from '../../model/errors.ts';

/**
 * A repository's URL in its plain form, `https://host/path`, which is safe to print. Throws PortError for what is not
 * HTTP(S), and for URLs that hold credentials: those would be printed, stored and logged with it.
 */
export function parseRemoteUrl(text: string): string {
  const ssh = /^(?:ssh:\/\/)?([^/:@]+)(?::\d+\/|:|\/)\/?(.+)$/.exec(withoutCredentials(text));
  const isScpLike = !text.includes('://') && /^[^/]+:/.test(text);
  if (text.startsWith('ssh://') || isScpLike) {
    const instead = ssh === null ? 'an https URL' : `https://${ssh[1]}/${ssh[2]}`;
    throw failure(
      'REJECTED',
      'the URL',
      `the repository's URL is an SSH address, and Git is read over HTTPS here. Write ${instead}, and set a token.`,
    );
  }
  const url = URL.parse(text);
  if (url === null) throw failure('REJECTED', 'the URL', `the repository's URL is not a URL. Write https://HOST/PATH.`);
  const subject = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
  if (url.username !== '' || url.password !== '') {
    throw failure(
      'BAD_CREDENTIALS',
      subject,
      `the repository's URL holds credentials, which would be printed with it. Remove them from ${subject}, and set a token.`,
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw failure(
      'REJECTED',
      subject,
      `the repository's URL begins with ${quoteName(url.protocol)}. Write https://HOST/PATH.`,
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw failure('REJECTED', subject, `the repository's URL has a query or a fragment. Write ${subject}.`);
  }
  return subject;
}

function failure(code: PortCode, subject: string, safeMessage: string): PortError {
  return new PortError({ port: 'git', operation: 'open', subject, code, retry: false, safeMessage });
}
