import type { JsonObject, JsonValue } from '../model/json.ts';
import type { Memo } from '../memo.ts';
import { listVariables, printVariables, substitute, type Substituted, type VariableSource } from './substitute.ts';

/** {@link substitute}, once for all clusters that agree on the variables which the value refers to. */
export function substituteShared(value: JsonObject, source: VariableSource, memo: Memo): Substituted<JsonObject>;
export function substituteShared(
  value: JsonObject | readonly JsonValue[],
  source: VariableSource,
  memo: Memo,
): Substituted<JsonValue>;
export function substituteShared(
  value: JsonObject | readonly JsonValue[],
  source: VariableSource,
  memo: Memo,
): Substituted<JsonValue> {
  const names = memo.share('variables', [value], () => listVariables(value));
  return memo.share('substitute', [value, printVariables(names, source)], () => substitute(value, source));
}
