import { groupOf, versionOf } from '../../object/id.ts';
import { isList, isObject, textAt } from '../../object/json.ts';
import { nearestName } from '../../object/nearest.ts';
import { FORMATS } from '../formats/table.ts';
import { type ParseContext, type RawDocument, reportAt } from '../read-kind.ts';
import type { Imported } from './imported.ts';

/** Groups of the federations that are known, also for the kinds of them that are not read: these are refused by name. */
const GROUPS = /(^|\.)(karmada|kubefed|open-cluster-management)\.io$/;

/** Whether a document is of another federation, of a kind that is read or not. */
export function isImport({ value }: RawDocument): boolean {
  return GROUPS.test(groupOf(textAt(value, 'apiVersion') ?? ''));
}

/** What a document of another federation says; a `List`, as `kubectl get -o yaml` prints it, is unfolded. */
export function readImports(raw: RawDocument, context: ParseContext): readonly Imported[] {
  const { value, source } = raw;
  const kind = textAt(value, 'kind') ?? '';
  const items = isObject(value) && kind.endsWith('List') ? value['items'] : undefined;
  if (isList(items)) {
    return items.flatMap((item, index) => {
      const place = context.locate(source, `/items/${index}`, 'value');
      return readImports(
        { value: item, source: { ...source, ...place, pointer: `${source.pointer}/items/${index}` } },
        context,
      );
    });
  }
  const apiVersion = textAt(value, 'apiVersion') ?? '';
  const format = FORMATS.find((each) => each.group === groupOf(apiVersion) && each.owns(kind));
  if (format === undefined) {
    reportUnknown(raw, kind, apiVersion, context);
    return [];
  }
  if (versionOf(apiVersion) !== format.version) {
    const message = `${kind} of version "${versionOf(apiVersion)}" is not known here`;
    const help = `Write apiVersion: ${format.group}/${format.version}.`;
    reportAt(source, '/apiVersion', { code: 'UNKNOWN_KIND', message, help }, context);
    return [];
  }
  const item = format.parse(raw, context);
  return item === undefined ? [] : [item];
}

function reportUnknown(raw: RawDocument, kind: string, apiVersion: string, context: ParseContext): void {
  const known = FORMATS.map((each) => each.kind);
  const near = nearestName(kind, known);
  const list = `Kinds that are read: ${known.join(', ')}.`;
  if (!isObject(raw.value) || kind === '') {
    const message = 'the document is of no kind, and would have no effect';
    reportAt(raw.source, '', { code: 'NOT_A_MANIFEST', message, help: list }, context);
  } else if (isImport(raw)) {
    const message = `${kind} of "${apiVersion}" is not supported, and would have no effect`;
    const help = near === undefined ? list : `Did you mean "${near}"?`;
    reportAt(raw.source, '/kind', { code: 'NOT_SUPPORTED', message, help }, context);
  } else {
    const message = `${kind} of "${apiVersion}" has no meaning in policies/`;
    const help = `${list} Manifests belong to apps/NAME/base/.`;
    reportAt(raw.source, '/kind', { code: 'MISPLACED_FILE', message, help }, context);
  }
}
