import assert from 'node:assert/strict';
import { test } from 'node:test';
import { githubApiUrl, parseRepositoryUrl } from '../../src/report/repository-url.ts';

test('owner and repository come from every URL that git clones from', () => {
  const cases: readonly (readonly [url: string, origin: string, owner: string, repo: string])[] = [
    ['https://github.com/acme/fleet', 'https://github.com', 'acme', 'fleet'],
    ['https://github.com/acme/fleet.git', 'https://github.com', 'acme', 'fleet'],
    ['https://GitHub.com/Acme/Fleet/', 'https://github.com', 'Acme', 'Fleet'],
    ['https://user:secret@github.com/acme/fleet.git', 'https://github.com', 'acme', 'fleet'],
    ['https://git.example:8443/acme/my.fleet', 'https://git.example:8443', 'acme', 'my.fleet'],
    ['http://127.0.0.1:3000/acme/fleet.git', 'http://127.0.0.1:3000', 'acme', 'fleet'],
    ['ssh://git@github.com/acme/fleet.git', 'https://github.com', 'acme', 'fleet'],
    ['ssh://git@git.example:2222/acme/fleet', 'https://git.example', 'acme', 'fleet'],
    ['git@github.com:acme/fleet.git', 'https://github.com', 'acme', 'fleet'],
    ['github.com:acme/fleet', 'https://github.com', 'acme', 'fleet'],
  ];
  for (const [url, origin, owner, repo] of cases) {
    assert.deepEqual(parseRepositoryUrl(url), { origin, owner, repo }, url);
  }
});

test('what names no owner and repository is not guessed at', () => {
  for (const url of [
    '',
    'acme/fleet',
    '/srv/git/fleet.git',
    'file:///srv/git/fleet.git',
    'https://github.com/',
    'https://github.com/acme',
    'https://github.com/acme/fleet/tree/main',
    'https://gitlab.example/group/subgroup/fleet.git',
    'https://github.com/acme/..',
    'https://github.com/acme/a%2fb',
    'git@github.com:acme',
    'C:\\git\\fleet',
  ]) {
    assert.equal(parseRepositoryUrl(url), undefined, url);
  }
});

test('the API of github.com has a host of its own, an Enterprise Server a path', () => {
  const cases = [
    ['https://github.com', 'https://api.github.com'],
    ['https://ssh.github.com', 'https://api.github.com'],
    ['https://git.example:8443', 'https://git.example:8443/api/v3'],
    ['https://notgithub.com', 'https://notgithub.com/api/v3'],
  ] as const;
  for (const [origin, expected] of cases) {
    assert.equal(githubApiUrl({ origin, owner: 'acme', repo: 'fleet' }), expected);
  }
});
