import type { Severity } from '../model/diagnostic.ts';
import type { JsonObject } from '../model/json.ts';
import { apiVersionOf, groupKindKey, groupOf, versionOf } from '../object/id.ts';
import { definedKind } from '../object/defined-kind.ts';
import { hashJson, textAt } from '../object/json.ts';
import { checkApi, KNOWN_MINOR, minorOf } from './check-api.ts';
import { checkValue, type Finding } from './check-value.ts';
import { customSchema, servedVersions } from './custom-schema.ts';
import { builtinSchema } from './read-builtin.ts';
import type { Schema } from './schema.ts';

/** A finding, and whether it stops the object. */
export interface SchemaProblem extends Finding {
  readonly severity: Severity;
}

/**
 * Checks an object as it would be applied to a cluster of a version (`spec.kubernetesVersion`; absent: the version that this
 * Muster knows).
 */
export type CheckObject = (object: JsonObject, kubernetesVersion: string | undefined) => readonly SchemaProblem[];

/**
 * A check by the kinds of Kubernetes and those that `definitions` (CustomResourceDefinitions) define. Other kinds are not
 * checked. Of a kind that is defined in two ways nobody knows which one a cluster gets: it is not checked either.
 */
export function createObjectCheck(definitions: readonly JsonObject[]): CheckObject {
  const custom = customKinds(definitions);
  return (object, kubernetesVersion) =>
    checkObject(object, kubernetesVersion === undefined ? KNOWN_MINOR : minorOf(kubernetesVersion), custom);
}

function checkObject(object: JsonObject, minor: number, custom: CustomKinds): readonly SchemaProblem[] {
  const apiVersion = textAt(object, 'apiVersion') ?? '';
  const kind = textAt(object, 'kind') ?? '';
  const of = `${apiVersion} ${kind}`;
  const defined = custom.get(groupKindKey({ group: groupOf(apiVersion), kind }));
  const unserved = defined?.unserved(apiVersion) ?? checkApi(apiVersion, kind, minor);
  if (unserved !== undefined) return [{ ...unserved, severity: 'error' }];
  const own = defined?.schema(versionOf(apiVersion));
  if (own !== undefined) return checkValue(object, own, of).map(asError);
  const builtin = builtinSchema(apiVersion, kind);
  if (builtin === undefined) return [];
  const findings = checkValue(object, builtin, of);
  return minor > KNOWN_MINOR ? findings.map(asDoubt) : findings.map(asError);
}

function asError(finding: Finding): SchemaProblem {
  return { ...finding, severity: 'error' };
}

/** A newer Kubernetes may have the field, or take the value. */
function asDoubt(finding: Finding): SchemaProblem {
  const message = `${finding.message}, as far as Kubernetes 1.${KNOWN_MINOR} goes`;
  return { ...finding, message, severity: 'warning' };
}

interface CustomKind {
  readonly unserved: (apiVersion: string) => Finding | undefined;
  readonly schema: (version: string) => Schema | undefined;
}

type CustomKinds = ReadonlyMap<string, CustomKind>;

function customKinds(definitions: readonly JsonObject[]): CustomKinds {
  const groups = Map.groupBy(definitions, (definition) =>
    groupKindKey(definedKind(definition) ?? { group: '', kind: '' }),
  );
  const kinds = [...groups].flatMap(([key, [first, ...others]]): (readonly [string, CustomKind])[] => {
    const same = first !== undefined && new Set([first, ...others].map(hashJson)).size === 1;
    return same ? [[key, customKind(first)]] : [];
  });
  return new Map(kinds);
}

/** Schemas are read at the first question: a repository may define hundreds of kinds and use three. */
function customKind(definition: JsonObject): CustomKind {
  const versions = servedVersions(definition);
  const { group = '', kind = '' } = definedKind(definition) ?? {};
  const schemas = new Map<string, Schema>();
  return {
    unserved: (apiVersion) => {
      if (versions.size === 0 || versions.has(versionOf(apiVersion))) return undefined;
      const served = [...versions.keys()].map((version) => apiVersionOf(group, version));
      const message = `${apiVersion} ${kind} is not served: the CustomResourceDefinition in this repository serves ${served.join(', ')}`;
      return { code: 'API_NOT_SERVED', message, help: `Use ${served.join(' or ')}.`, pointer: '/apiVersion' };
    },
    schema: (version) => {
      const item = versions.get(version);
      if (item === undefined) return undefined;
      const schema = schemas.get(version) ?? customSchema(item);
      schemas.set(version, schema);
      return schema;
    },
  };
}
