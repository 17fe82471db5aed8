#!/usr/bin/env node
// Plain JavaScript that an old Node.js can read, so that it can say what is missing instead of a syntax error.
import { existsSync } from 'node:fs';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `muster needs Node.js 24 or newer, and this is ${process.versions.node}. ` +
      'In a checkout, "npm ci" brings one: use "npm run -s muster -- VERB". Elsewhere, install it from https://nodejs.org.',
  );
  process.exit(2);
}
// In a checkout the sources run as they are; the package ships a bundle, because Node.js strips no types in packages.
const source = new URL('../src/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
