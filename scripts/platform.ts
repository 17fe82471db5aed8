/** Go's names of this machine, as they stand in release URLs: `linux`, `amd64`. */
export const PLATFORM = {
  os: process.platform,
  arch: { x64: 'amd64' }[process.arch as string] ?? process.arch,
} as const;
