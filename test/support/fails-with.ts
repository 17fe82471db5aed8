import assert from 'node:assert/strict';
import { PortError, type PortCode } from '../../src/model/errors.ts';

/** For `assert.rejects`: a PortError with this code, and a message for people that matches and is one safe line. */
export function failsWith(code: PortCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PortError, `not a PortError: ${error instanceof Error ? error.stack : String(error)}`);
    assert.equal(error.code, code, error.safeMessage);
    assert.match(error.safeMessage, message);
    assert.doesNotMatch(error.safeMessage, /[\x00-\x1f\x7f]/);
    return true;
  };
}
