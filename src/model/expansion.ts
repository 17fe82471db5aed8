import type { DiagnosticCode, Origin } from './diagnostic.ts';
import type { RegularFile } from './snapshot.ts';

/** A program that turns the files of a `base/` into manifests. */
export type Tool = 'kustomize' | 'helm';

/** A base that a program renders, as far as it is known without running it. */
export interface PendingBase {
  readonly tool: Tool;
  /** Folder of the kustomization or chart, from the fleet's root. */
  readonly root: string;
  /** Everything that the program gets to see, sorted by path. */
  readonly files: readonly RegularFile[];
  /** The kustomization, or the chart. */
  readonly origin: Origin;
}

/** One run of a program, as a value: equal inputs, equal `key`. */
export interface ExpansionRequest {
  /** SHA-256 over everything that decides the output, 64 hex digits. */
  readonly key: string;
  readonly tool: Tool;
  /** The version that `Fleet.spec.tools` asks for, without `v`; absent: any. */
  readonly version?: string;
  readonly root: string;
  readonly files: readonly ExpansionFile[];
  /** For Helm. */
  readonly chart?: ChartInput;
}

export interface ExpansionFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What `helm template` is told besides the chart. */
export interface ChartInput {
  readonly release: string;
  readonly namespace: string;
  /** `1.36.2`. */
  readonly kubernetesVersion: string;
  /** Values files as JSON text, later wins. */
  readonly values: readonly string[];
}

/** What came of a request. `refused` is wrong in the repository or on this machine, and stops the app. */
export type ExpansionAnswer =
  | {
      readonly state: 'rendered';
      readonly tool: Tool;
      /** Of the program, without `v`. */
      readonly version: string;
      /** YAML as the program printed it. */
      readonly text: string;
    }
  | ExpansionRefusal;

export interface ExpansionRefusal {
  readonly state: 'refused';
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly help?: string;
  /** Where in the fleet, if the program says more than the kustomization or chart itself. */
  readonly place?: Origin;
}

/** By the `key` of the request. */
export type ExpansionAnswers = ReadonlyMap<string, ExpansionAnswer>;
