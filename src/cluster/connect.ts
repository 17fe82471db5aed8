import type { JsonObject } from '../model/json.ts';
import type { LiveObject } from '../model/observation.ts';
import type { ClusterReader, ClusterWriter } from '../model/ports.ts';
import type { CredentialSource } from './credentials.ts';
import { createDiscoveryCache } from './discovery.ts';
import { CONFIG_MAP } from './inventories.ts';
import { createLister } from './list.ts';
import { createLiveCache } from './live-cache.ts';
import { createReader, readClusterUid } from './reader.ts';
import { createTransport, userAgent } from './transport.ts';
import { createWriter, type WriteObserver } from './writer.ts';

/** Both ports of one cluster over one set of connections. */
export interface ClusterConnection {
  readonly reader: ClusterReader;
  readonly writer: ClusterWriter;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly name: string;
  readonly credentials: CredentialSource;
  readonly endpoints: readonly string[];
  readonly describe: (body: JsonObject) => LiveObject;
  /** Told of each answer of the API server, for metrics. */
  readonly onAnswer: (method: string, status: number) => void;
  /** Who asks, for the audit log of the cluster; `''`: nobody in particular. */
  readonly identity: string;
  /** False: nothing is sent that writes. Asked when it is about to be sent. */
  readonly mayWrite: () => boolean;
  /** Keep what was listed up to date by watching, and tell when it changes. Absent: each list asks. */
  readonly onChange?: () => void;
}

const DISCOVERY_MAX_AGE_MS = 10 * 60_000;
const RELIST_MS = 10 * 60_000;
const IDLE_MS = 5 * 60_000;

const UNOBSERVED: WriteObserver = { stored: () => {}, removed: () => {}, doubted: () => {} };

/** Connects lazily: nothing is sent before the first call. */
export function connectCluster(options: ConnectOptions): ClusterConnection {
  const { name, describe } = options;
  const transport = createTransport({
    name,
    source: options.credentials,
    endpoints: options.endpoints,
    onAnswer: options.onAnswer,
    userAgent: userAgent(options.identity),
    mayWrite: options.mayWrite,
    identify: (send) => readClusterUid(name, send),
  });
  const discovery = createDiscoveryCache(name, transport, DISCOVERY_MAX_AGE_MS);
  if (options.onChange === undefined) {
    const lister = createLister(name, transport, describe);
    return {
      reader: createReader(name, transport, discovery, lister, describe),
      writer: createWriter(name, transport, describe, UNOBSERVED),
      close: () => transport.close(),
    };
  }
  const cache = createLiveCache(name, transport, describe, {
    relistMs: RELIST_MS * (0.9 + 0.2 * Math.random()),
    idleMs: IDLE_MS,
    onChange: options.onChange,
    // Inventories are small in number and decoded from their bodies.
    keepBody: (query) => query.served === CONFIG_MAP,
  });
  return {
    reader: createReader(name, transport, discovery, cache, describe),
    writer: createWriter(name, transport, describe, cache),
    close: () => {
      cache.close();
      return transport.close();
    },
  };
}
