import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { invariant } from '../model/errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { Manifest, ObjectId } from '../model/manifest.ts';
import { mapAt, parseJson, textAt } from '../object/json.ts';
import { sharedId } from '../object/shared-id.ts';

/** What a tick that finds nothing to do looks at: it stays as it is. */
type Facts = Pick<Manifest, 'id' | 'apiVersion' | 'hash' | 'policy' | 'adopt'>;

/** All else is read when it is asked for. */
const RESTING: Readonly<Record<Exclude<keyof Manifest, keyof Facts>, true>> = {
  body: true,
  origin: true,
  by: true,
  overlays: true,
  autoscaled: true,
  ignored: true,
};

/** Texts that are compressed together: so many that they have words in common, so few that reading one of them is quick. */
const BLOCK_CHARACTERS = 64 * 1024;

/** Takes manifests in one after the other. */
export interface Rest {
  /**
   * A manifest that says the same, and takes about a tenth of the memory: its facts, and a place in a compressed block. What
   * is there is read when somebody looks, and forgotten when nobody does. `line` is `{ manifest }` as JSON.
   */
  lay(manifest: JsonObject, line: string): Manifest;
  /** Compresses what is left. To be called after the last manifest. */
  end(): void;
}

export function createRest(): Rest {
  const share = createShare();
  let block = createBlock();
  let size = 0;
  return {
    lay(manifest, line) {
      if (size > BLOCK_CHARACTERS) {
        block.seal();
        [block, size] = [createBlock(), 0];
      }
      size += line.length;
      return restingManifest(share(manifest), { block, index: block.add(line) });
    },
    end: () => block.seal(),
  };
}

interface Block {
  /** Returns the position of the line. */
  add(line: string): number;
  seal(): void;
  read(index: number): JsonObject;
}

function createBlock(): Block {
  let open: string[] = [];
  let packed: Uint8Array = new Uint8Array();
  let alive: WeakRef<readonly JsonObject[]> | undefined;
  const revive = (): readonly JsonObject[] => {
    const lines = packed.length === 0 ? open : inflateRawSync(packed).toString('utf8').split('\n');
    const manifests = lines.map((line) => mapAt(parseJson(line), 'manifest'));
    // Whoever looks at one manifest of an app mostly looks at the next one too.
    alive = new WeakRef(manifests);
    return manifests;
  };
  return {
    add: (line) => open.push(line) - 1,
    seal: () => {
      packed = deflateRawSync(open.join('\n'), { level: 3 });
      open = [];
    },
    read: (index) => {
      const manifest = (alive?.deref() ?? revive())[index];
      invariant(manifest !== undefined, 'a manifest is where it was laid');
      return manifest;
    },
  };
}

interface Place {
  readonly block: Block;
  readonly index: number;
}

const BLOCK = Symbol('block');
const INDEX = Symbol('index');

interface Resting extends Facts {
  readonly [BLOCK]: Block;
  readonly [INDEX]: number;
}

/** Takes the facts out. Most manifests have one of few versions and policies: those are in memory once. */
function createShare(): (manifest: JsonObject) => Facts {
  const known = new Map<string, unknown>();
  const once = <Value>(value: Value): Value => {
    const key = JSON.stringify(value);
    if (!known.has(key)) known.set(key, value);
    // oxlint-disable-next-line no-unsafe-type-assertion -- it has the same JSON
    return known.get(key) as Value;
  };
  return (manifest) => {
    // oxlint-disable-next-line no-unsafe-type-assertion -- Muster's own message
    const { apiVersion, hash, policy, adopt } = manifest as unknown as Manifest;
    const id = sharedId(readId(manifest));
    return { id, apiVersion: once(apiVersion), hash, policy: once(policy), adopt: once(adopt) };
  };
}

/** What is shared with all clusters must be an id, whatever the child made of what others committed. */
function readId(manifest: JsonObject): ObjectId {
  const id = mapAt(manifest, 'id');
  const [group = '', kind = '', namespace = '', name = ''] = ID_FIELDS.map((field) => textAt(id, field));
  return { group, kind, namespace, name };
}

const ID_FIELDS = ['group', 'kind', 'namespace', 'name'] as const satisfies readonly (keyof ObjectId)[];

/** Looks like any other value, also to who copies or compares it: what rests are own properties. */
function restingManifest(resting: Facts, { block, index }: Place): Manifest {
  Object.defineProperty(resting, BLOCK, { value: block });
  Object.defineProperty(resting, INDEX, { value: index });
  // oxlint-disable-next-line no-unsafe-type-assertion -- PROPERTIES has all that is missing
  return Object.defineProperties(resting, PROPERTIES) as unknown as Manifest;
}

/** The same functions for all of them: one each would take more memory than what they save. */
const PROPERTIES: PropertyDescriptorMap = Object.fromEntries(
  Object.keys(RESTING).map((name) => [
    name,
    {
      enumerable: true,
      get(this: Resting) {
        return this[BLOCK].read(this[INDEX])[name];
      },
    },
  ]),
);
