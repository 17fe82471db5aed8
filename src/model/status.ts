/** A commit status, as forges know it. */
export interface CommitStatus {
  /** `muster/fleet`, `muster/drift`, `muster/<cluster>`. */
  readonly context: string;
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  /** At most 140 characters, worst first. */
  readonly description: string;
  /**
   * It only says that not everything was looked at yet, as after a restart: it takes the place of nothing, or of another
   * `pending`, and never that of a result.
   */
  readonly tentative?: true;
}

/** The statuses of one commit. */
export interface StatusReport {
  readonly revision: string;
  readonly statuses: readonly CommitStatus[];
  /** Written only in the place of what stands there and is not a success. */
  readonly corrections?: readonly CommitStatus[];
}
