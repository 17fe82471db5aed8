/** A commit status, as forges know it. */
export interface CommitStatus {
  /** `muster/fleet`, `muster/drift`, `muster/<cluster>`. */
  readonly context: string;
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  /** At most 140 characters, worst first. */
  readonly description: string;
}

/** The statuses of one commit. */
export interface StatusReport {
  readonly revision: string;
  readonly statuses: readonly CommitStatus[];
}
