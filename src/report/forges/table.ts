import type { Forge } from '../../model/ports.ts';
import type { RepositoryAddress } from '../repository-url.ts';
import { githubApiUrl } from '../repository-url.ts';
import { createConsoleForge } from './console.ts';
import { createGitHubForge } from './github.ts';

/** All that a forge may need; each takes a part of it. */
export interface ForgeSettings {
  readonly repository: RepositoryAddress;
  /** Base of the REST API, where it does not follow from the repository (Gitea, Forgejo, a gateway). */
  readonly apiUrl?: string;
  /** Called for every request. */
  readonly token: () => Promise<string>;
  readonly fetch?: typeof globalThis.fetch;
  /** Takes one line without its line break. */
  readonly writeLine: (line: string) => void;
}

/** Every forge by the name that the settings have for it. */
export const FORGES = {
  github: ({ repository, apiUrl, token, fetch }: Omit<ForgeSettings, 'writeLine'>) =>
    createGitHubForge({
      baseUrl: apiUrl ?? githubApiUrl(repository),
      owner: repository.owner,
      repo: repository.repo,
      token,
      ...(fetch === undefined ? {} : { fetch }),
    }),
  console: ({ writeLine }: Pick<ForgeSettings, 'writeLine'>) => createConsoleForge(writeLine),
} satisfies Record<string, (settings: ForgeSettings) => Forge>;
