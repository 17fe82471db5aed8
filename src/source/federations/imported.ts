import type {
  BaseManifest,
  ClusterSelector,
  DocumentSource,
  ReplicaRule,
  SpreadRule,
  Toleration,
} from '../../model/fleet.ts';
import type { JsonValue } from '../../model/json.ts';
import type { LabelExpression } from '../../model/fleet.ts';
import type { ParseContext, RawDocument } from '../read-kind.ts';

/** One kind of another federation. One file in `src/source/formats/`, one line in its table. */
export interface Format {
  readonly group: string;
  readonly version: string;
  /** For messages: `PropagationPolicy`, `Federated<Kind>`. */
  readonly kind: string;
  owns(kind: string): boolean;
  /** What it says in our terms; everything that is wrong with it is reported, and then there may be nothing. */
  parse(raw: RawDocument, context: ParseContext): Imported | undefined;
}

/** A document of another federation, read and checked alone. What it means depends on the apps: see `applyImports`. */
export type Imported = PropagationRule | OverrideRules | FederatedObject | ReplicaPreference;

/** What every document of another federation has. */
export interface ImportedBase {
  /** How messages call it: `PropagationPolicy default/nginx`. */
  readonly from: string;
  readonly name: string;
  /** Absent: it is cluster-wide. */
  readonly namespace?: string;
  readonly source: DocumentSource;
}

/** A PropagationPolicy or ClusterPropagationPolicy of Karmada. */
export interface PropagationRule extends ImportedBase {
  readonly kind: 'propagation';
  readonly selectors: readonly ResourceSelector[];
  readonly priority: number;
  /** It takes objects from policies of lower priority. */
  readonly preempts: boolean;
  readonly clusters: ClusterSelector;
  readonly tolerations: readonly Toleration[];
  readonly spread: readonly SpreadRule[];
  readonly replicas?: ReplicaRule;
  /** Operations on every object, such as the annotation that suspends it. */
  readonly changes: readonly Change[];
  /** Names of override policies without which it must not take effect. */
  readonly needs: readonly Needed[];
}

export interface Needed {
  readonly name: string;
  /** JSON pointer within the document. */
  readonly pointer: string;
}

/** An OverridePolicy or ClusterOverridePolicy of Karmada. */
export interface OverrideRules extends ImportedBase {
  readonly kind: 'override';
  /** Absent: every object. */
  readonly selectors?: readonly ResourceSelector[];
  /** In the order in which they are applied. */
  readonly changes: readonly Change[];
}

/** A Federated<Kind> of KubeFed. */
export interface FederatedObject extends ImportedBase {
  readonly kind: 'object';
  readonly base: BaseManifest;
  readonly clusters: ClusterSelector;
  /** In the order in which they are applied. */
  readonly changes: readonly Change[];
}

/** A ReplicaSchedulingPreference of KubeFed. */
export interface ReplicaPreference extends ImportedBase {
  readonly kind: 'replicas';
  /** The kind of object that is shared out: `Deployment`. */
  readonly target: string;
  readonly rule: ReplicaRule;
  /** Only among the clusters that the object's own placement selects. */
  readonly intersects: boolean;
}

/** Operations on some clusters. */
export interface Change {
  readonly clusters: ClusterSelector;
  readonly ops: readonly JsonValue[];
  /** JSON pointer of the list that they stand in, within the document. */
  readonly pointer: string;
  /** The operation leaves containers for initialisation alone in Karmada, and changes them here. */
  readonly widens?: boolean;
}

/** Parts are ANDed, but where there is a name, labels do not count (Karmada, `ResourceSelector`). */
export interface ResourceSelector {
  readonly group: string;
  readonly kind: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: readonly LabelExpression[];
  /** JSON pointer within the document. */
  readonly pointer: string;
}
