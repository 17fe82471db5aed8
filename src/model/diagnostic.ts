/** A place in the repository. `file` is relative to the fleet's root, with `/`; line and column count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `error` stops what it concerns; `warning` stops nothing. */
export type Severity = 'error' | 'warning';

/**
 * What is wrong in the repository, for the person who can mend it. It is a value: stages return it, nobody throws it.
 *
 * An error with `app` stops that app (with `cluster`: only there); one without stops the whole revision.
 */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** One line: what is wrong and why. Names and values quoted; never a value of a Secret. */
  readonly message: string;
  /** One sentence that says what to do, where there is something better to say than the message itself. */
  readonly help?: string;
  readonly origin: Origin;
  readonly app?: string;
  readonly cluster?: string;
}

/**
 * Every code that a diagnostic can carry, with its title. A code is never reused for another meaning, because people
 * search for it. Each has a section in `docs/errors.md`; a test compares the two.
 */
export const DIAGNOSTIC_CODES = {
  // The repository as a whole
  NO_FLEET_FILE: 'the folder has no fleet.yaml',
  NO_CLUSTER: 'the fleet has no cluster',
  NO_APP: 'the fleet has no app',
  FILE_REFUSED: 'a file is of a kind that is never followed or read',
  TOO_LARGE: 'a limit on size or number is exceeded',
  // Text
  NOT_TEXT: 'the bytes are not UTF-8 text',
  YAML_SYNTAX: 'the text is not YAML',
  YAML_VALUE: 'YAML that has no JSON value, or a surprising one',
  DUPLICATE_KEY: 'one map has a key twice',
  CONFLICT_MARKER: 'a merge conflict was committed',
  TEMPLATE_IN_PLAIN_FILE: 'a plain file holds template syntax',
  LFS_POINTER: 'a file is a Git LFS pointer',
  AMBIGUOUS_SCALAR: 'a value is read in a way that surprises people',
  // Our own kinds; three of them also where a manifest does not fit its kind
  UNKNOWN_KIND: 'no such kind or version',
  UNKNOWN_FIELD: 'no such field',
  MISSING_FIELD: 'a required field is absent',
  BAD_VALUE: 'a value is of the wrong type or out of range',
  DUPLICATE_NAME: 'two things of one kind have one name',
  NOT_SUPPORTED: 'Muster knows it and cannot do it yet',
  MISPLACED_FILE: 'a file lies where its kind has no meaning',
  DIFFERENT_HERE: 'a file of another federation means something a little different here',
  // Manifests
  NOT_A_MANIFEST: 'a document is not a Kubernetes object',
  BAD_NAME: 'a name breaks the rules of Kubernetes',
  NO_NAMESPACE: 'a namespaced object names no namespace',
  NAMESPACE_ON_CLUSTER_SCOPED: 'a cluster-scoped object names a namespace',
  UNKNOWN_SCOPE: 'nobody says whether a kind is namespaced',
  SERVER_FIELD: 'a field that only the API server sets was committed',
  NOT_DECLARATIVE: 'a manifest cannot be applied repeatedly',
  RESERVED_LABEL: 'an ownership label of Muster was set by hand',
  BAD_ANNOTATION: 'an annotation of Muster has a value it does not know',
  DUPLICATE_OBJECT: 'two manifests are one object on one cluster',
  PLAIN_SECRET: 'a Secret is committed in clear text',
  EMPTY_APP: 'an app has no manifests',
  API_NOT_SERVED: 'a cluster does not serve this version of a kind',
  // Placement
  NO_CLUSTER_MATCHES: 'a selector selects no cluster',
  NO_PLACEMENT: 'no placement says where an object goes',
  PLACED_TWICE: 'two placements claim one object',
  UNKNOWN_NAME: 'a name that nothing has',
  BAD_GLOB: 'a pattern that is not a glob for names',
  REPLICAS_IMPOSSIBLE: 'a total cannot be shared out as asked',
  // Overlays and variables
  NO_TARGET: 'a patch matches no object',
  AMBIGUOUS_TARGET: 'a patch that must match one object matches several',
  PATCH_FAILED: 'a patch does not fit its object',
  IDENTITY_CHANGED: 'a patch changes what an object is called',
  REPLICAS_DIVIDED: 'an overlay sets a replica count that a placement divides',
  UNKNOWN_VARIABLE: 'a variable that nothing defines',
  BAD_VARIABLE: 'a variable is used in a way it cannot be',
  // Bases that a program renders
  RENDERER_UNAVAILABLE: 'the program that renders a base is not there',
  TOOL_VERSION: 'the program that renders a base is of another version than the fleet asks for',
  REMOTE_BASE: 'a base needs something that is not in the repository',
  RENDER_FAILED: 'the program that renders a base refuses it',
  NOT_REPRODUCIBLE: 'a chart renders differently each time',
} as const satisfies Record<string, string>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;
