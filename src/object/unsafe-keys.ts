/** Keys with which JavaScript reaches more than the object: code that copies values carelessly would change all of its objects. */
export const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
