/** kstatus words, and `Unknown` for what could not be read. Worst last. */
export const HEALTH_STATES = ['Current', 'InProgress', 'Terminating', 'NotFound', 'Failed', 'Unknown'] as const;

export type HealthState = (typeof HEALTH_STATES)[number];

/** How far one object is. */
export interface Health {
  readonly state: HealthState;
  /** A few words for people, like `3/4 replicas ready`; `''` when there is nothing to add to the state. */
  readonly message: string;
}
