/** Objects that an API server takes, of kinds that the collections of real manifests are short of. */
export const SAMPLES = `
apiVersion: v1
kind: Pod
metadata: {name: pod, creationTimestamp: null, annotations: {a: b}}
spec:
  terminationGracePeriodSeconds: 5
  tolerations: [{key: a, operator: Exists, effect: NoSchedule}]
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [b]}]}]
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - {weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {a: b}}}}
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
  securityContext: {fsGroup: 1, sysctls: [{name: net.ipv4.tcp_syncookies, value: "1"}]}
  initContainers: [{name: init, image: a, command: [sh], restartPolicy: Always}]
  containers:
    - name: app
      image: app:1
      args: [a]
      env: [{name: A, value: "1"}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
      envFrom: [{configMapRef: {name: a, optional: true}}]
      ports: [{name: http, containerPort: 80, protocol: TCP}]
      resources: {requests: {cpu: 1, memory: 128Mi}, limits: {cpu: "2", memory: 1Gi, ephemeral-storage: 1.5G}}
      livenessProbe: {httpGet: {path: /, port: http, scheme: HTTP, httpHeaders: [{name: a, value: b}]}, periodSeconds: 5}
      readinessProbe: {tcpSocket: {port: 80}}
      startupProbe: {exec: {command: [true-text]}}
      lifecycle: {preStop: {sleep: {seconds: 1}}}
      securityContext: {runAsNonRoot: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
      volumeMounts: [{name: data, mountPath: /data, readOnly: true}]
      imagePullPolicy: IfNotPresent
  volumes:
    - {name: data, emptyDir: {sizeLimit: 1Gi, medium: Memory}}
    - {name: map, configMap: {name: a, defaultMode: 420, items: [{key: a, path: b}]}}
    - {name: claim, persistentVolumeClaim: {claimName: a}}
    - {name: all, projected: {sources: [{serviceAccountToken: {path: token, expirationSeconds: 3600}}, {secret: {name: a}}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: secret}
type: Opaque
immutable: false
data: {a: YWJj}
stringData: {b: text}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: map, labels: {a: b}, finalizers: [example.com/a]}
data: {a: b}
binaryData: {c: YWJj}
---
apiVersion: v1
kind: Service
metadata: {name: service}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}
  ipFamilyPolicy: PreferDualStack
  ipFamilies: [IPv4]
  selector: {a: b}
  ports: [{name: http, port: 80, targetPort: http, protocol: TCP}, {name: raw, port: 81, targetPort: 81}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, storageClassName: fast, volumeMode: Filesystem}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: volume}
spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /a, type: Directory}, persistentVolumeReclaimPolicy: Retain}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec: {limits: [{type: Container, default: {cpu: 100m}, max: {cpu: 1}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {hard: {pods: 10, requests.cpu: "4"}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists}]}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: account}
automountServiceAccountToken: false
imagePullSecrets: [{name: a}]
---
apiVersion: v1
kind: Namespace
metadata: {name: space}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: set}
spec:
  serviceName: a
  replicas: 2
  podManagementPolicy: Parallel
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
  selector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b]}]}
  template: {metadata: {labels: {a: b}, creationTimestamp: null}, spec: {containers: [{name: a, image: b}]}}
  volumeClaimTemplates:
    - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}, status: {}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: deployment}
spec:
  replicas: 1
  minReadySeconds: 1
  paused: false
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b, ports: [{containerPort: 80}]}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cron}
spec:
  schedule: "0 0 * * *"
  concurrencyPolicy: Forbid
  suspend: true
  jobTemplate:
    spec:
      backoffLimit: 1
      completionMode: NonIndexed
      podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [1]}}]}
      template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ingress}
spec:
  ingressClassName: a
  defaultBackend: {service: {name: a, port: {number: 80}}}
  tls: [{hosts: [a.example], secretName: a}]
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {name: http}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: policy}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {a: b}}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80, protocol: TCP}, {port: http}]}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaler}
spec:
  minReplicas: 1
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
  behavior: {scaleDown: {policies: [{type: Percent, value: 10, periodSeconds: 60}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: budget}
spec: {minAvailable: 50%, selector: {matchLabels: {a: b}}, unhealthyPodEvictionPolicy: AlwaysAllow}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: role}
rules: [{apiGroups: [""], resources: [pods], verbs: [get], resourceNames: [a]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cluster-role}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}
rules: [{nonResourceURLs: [/a], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: role}
subjects: [{kind: ServiceAccount, name: a, namespace: default}, {kind: User, name: a, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: class}
provisioner: example.com/a
parameters: {a: b}
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
allowedTopologies: [{matchLabelExpressions: [{key: a, values: [b]}]}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: priority}
value: 10
globalDefault: false
preemptionPolicy: Never
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hook}
webhooks:
  - name: a.example.com
    sideEffects: None
    admissionReviewVersions: [v1]
    failurePolicy: Ignore
    clientConfig: {service: {name: a, namespace: b, path: /c, port: 443}, caBundle: ""}
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: Namespaced}]
    matchConditions: [{name: a, expression: "true"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: admission}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}
  validations: [{expression: object.spec.replicas <= 5, message: a, reason: Invalid}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: slice}
addressType: IPv4
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}, zone: a}]
ports: [{name: http, port: 80, protocol: TCP}]
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: lease}
spec: {holderIdentity: a, leaseDurationSeconds: 5, acquireTime: "2026-01-01T00:00:00.000000Z"}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: flow}
spec:
  priorityLevelConfiguration: {name: global-default}
  matchingPrecedence: 1000
  distinguisherMethod: {type: ByUser}
  rules: [{subjects: [{kind: User, user: {name: a}}], nonResourceRules: [{nonResourceURLs: [/a], verbs: [get]}]}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.test.example}
spec:
  group: test.example
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget, shortNames: [gd], listKind: GadgetList}
  versions:
    - name: v1
      served: true
      storage: true
      additionalPrinterColumns: [{name: A, type: string, jsonPath: .spec.a, priority: 1}]
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {a: {type: string, enum: [a, b], maxLength: 5}}, required: [a]}}
    - {name: v1alpha1, served: false, storage: false, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;

/** A definition that has everything a schema can say of structure, and an object of it. */
export const WIDGETS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.test.example}
spec:
  group: test.example
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            metadata: {type: object}
            spec:
              type: object
              required: [size, mode, preset, maybe]
              properties:
                size: {type: integer, minimum: 1, maximum: 10}
                ratio: {type: number}
                mode: {type: string, enum: [fast, slow]}
                preset: {type: string, default: none}
                maybe: {type: string, nullable: true}
                on: {type: boolean}
                port: {x-kubernetes-int-or-string: true}
                percent: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], pattern: "^[0-9]+%?$"}
                names: {type: array, items: {type: string, minLength: 1}, maxItems: 3}
                labels: {type: object, additionalProperties: {type: string}}
                open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: integer}}}
                anything: {x-kubernetes-preserve-unknown-fields: true}
                closed: {type: object}
                parts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: {type: object, required: [name], properties: {name: {type: string}, weight: {type: integer}}}
                template:
                  type: object
                  x-kubernetes-embedded-resource: true
                  x-kubernetes-preserve-unknown-fields: true
                strict:
                  type: object
                  x-kubernetes-embedded-resource: true
                  properties: {data: {type: object, additionalProperties: {type: string}}}
---
apiVersion: test.example/v1
kind: Widget
metadata: {name: widget, labels: {a: b}}
spec:
  size: 3
  ratio: 1.5
  mode: fast
  maybe: null
  on: true
  port: http
  percent: 5%
  names: [a, b]
  labels: {a: b}
  open: {known: 1, unknown: {x: 1}}
  anything: [1, a]
  closed: {}
  parts: [{name: a, weight: 1}, {name: b}]
  template: {apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {a: b}}, data: {a: b}}
  strict: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}
`;
