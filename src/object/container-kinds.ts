/**
 * Kinds whose objects hold others, or data: whoever deletes one deletes everything in it. Protected where a fleet does not
 * say otherwise.
 */
export const CONTAINER_KINDS: readonly string[] = ['CustomResourceDefinition', 'Namespace', 'PersistentVolumeClaim'];
