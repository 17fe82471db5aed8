import type { JsonObject, JsonValue } from '../../model/json.ts';
import { textAt } from '../../object/json.ts';
import { formatPointer, parsePointer } from '../../object/pointer.ts';
import { valueAt } from '../../object/value-at.ts';
import { containersOf } from './containers.ts';
import { type Action, type Expanded, failed, idle, type ObjectOperation } from './operation.ts';

/**
 * `{op: image, component: registry | repository | tag, action: add | remove | replace, value, path}` changes a part of the
 * images of all containers, or of the one image at `path`. `add` appends. `tag` takes a tag or a digest.
 */
export const imageOperation: ObjectOperation = {
  name: 'image',
  fields: ['component', 'action', 'value', 'path'],
  expand: (object, operation) => {
    const [component, action, value = ''] = [
      textAt(operation, 'component'),
      textAt(operation, 'action'),
      textAt(operation, 'value'),
    ];
    if (component !== 'registry' && component !== 'repository' && component !== 'tag')
      return failed('/component', 'the component of an image is "registry", "repository" or "tag"');
    if (action !== 'add' && action !== 'remove' && action !== 'replace')
      return failed('/action', 'the action of an image is "add", "remove" or "replace"');
    if (action !== 'remove' && value === '') return failed('', `to ${action} a part of an image needs a value`);
    const path = textAt(operation, 'path');
    const found = path === undefined ? imagesOf(object) : imageAt(object, path);
    if ('problems' in found) return found;
    const results = found.map((image) => changeImage(image, component, action, value));
    return { ops: results.flatMap((each) => each.ops), problems: results.flatMap((each) => each.problems).slice(0, 1) };
  },
};

interface Image {
  readonly path: readonly string[];
  readonly text: string;
}

/** A container without an image is for the API server to refuse. */
function imagesOf(object: JsonObject): readonly Image[] {
  return containersOf(object).flatMap(({ path, container }) => {
    const text = textAt(container, 'image');
    return text === undefined ? [] : [{ path: [...path, 'image'], text }];
  });
}

function imageAt(object: JsonObject, pointer: string): readonly Image[] | Expanded {
  const path = parsePointer(pointer) ?? [];
  const text = valueAt(object, path);
  if (typeof text === 'string') return [{ path, text }];
  return failed('/path', `"${pointer}" is no text, so it is no image`, 'Name the place of an image, to the end.');
}

function changeImage({ path, text }: Image, component: Component, action: Action, value: string): Expanded {
  const image = parseImage(text);
  const before = component === 'tag' ? (image.tag === '' ? image.digest : image.tag) : image[component];
  const after = action === 'add' ? before + value : action === 'replace' ? value : '';
  if (component === 'repository' && after === '')
    return failed('/action', `without its repository nothing is left of the image "${text}"`);
  if (component === 'tag' && after !== '' && !isTag(after) && !isDigest(after)) {
    // As Karmada does, which says nothing.
    return idle('/value', `"${after}" is neither a tag nor a digest, so the image "${text}" stays as it is`);
  }
  const changed =
    component === 'tag'
      ? { ...image, tag: isTag(after) ? after : '', digest: isDigest(after) ? after : '' }
      : { ...image, [component]: after };
  const printed = printImage(changed);
  const op: JsonValue = { op: 'replace', path: formatPointer(path), value: printed };
  return { ops: printed === text ? [] : [op], problems: [] };
}

type Component = 'registry' | 'repository' | 'tag';

interface ImageParts {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** `[registry/]repository[:tag][@digest]`. The first part is a registry if it could be a host, as for container engines. */
function parseImage(text: string): ImageParts {
  const [named = '', digest = ''] = text.split('@');
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const name = hasTag ? named.slice(0, colon) : named;
  const slash = name.indexOf('/');
  const host = slash < 0 ? '' : name.slice(0, slash);
  const registry = /[.:]/.test(host) || host === 'localhost' ? host : '';
  const repository = registry === '' ? name : name.slice(slash + 1);
  return { registry, repository, tag: hasTag ? named.slice(colon + 1) : '', digest };
}

function printImage({ registry, repository, tag, digest }: ImageParts): string {
  return [
    registry === '' ? '' : `${registry}/`,
    repository,
    tag === '' ? '' : `:${tag}`,
    digest === '' ? '' : `@${digest}`,
  ].join('');
}

/** Tags and digests as container engines read them (distribution/reference). */
function isTag(text: string): boolean {
  return /^\w[\w.-]{0,127}$/.test(text);
}

function isDigest(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/.test(text);
}
