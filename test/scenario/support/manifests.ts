import type { JsonObject } from '../../../src/model/json.ts';
import { printJson } from '../../../src/object/json.ts';

/** Scales the Deployment `web`. */
export const AUTOSCALER = `
  apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: {name: web}
  spec:
    minReplicas: 2
    maxReplicas: 9
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
`;

/** A kind `Widget` of a group of its own, `GROUP.example.com`. */
export function definition(group: string): string {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return printJson({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}.example.com` },
    spec: {
      group: `${group}.example.com`,
      scope: 'Namespaced',
      names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
}

/** A Widget called `w`; `more` goes over it. */
export function widget(group: string, more: JsonObject = {}): string {
  return printJson({ apiVersion: `${group}.example.com/v1`, kind: 'Widget', metadata: { name: 'w' }, ...more });
}
