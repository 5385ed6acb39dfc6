// Compiles the FSH sources to fsh-generated/resources with SUSHI, using only the package cache that cache.mjs filled,
// then leaves out of the snapshots what only repeats the standard's prose: they stay readable, and a fifth of the size.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const generated = join(root, 'fsh-generated', 'resources');
rmSync(generated, { recursive: true, force: true });
const sushi = join(root, 'node_modules', 'fsh-sushi', 'dist', 'app.js');
const env = { ...process.env, HOME: join(root, 'build', 'home') };
const run = spawnSync(process.execPath, [sushi, 'build', root, '--snapshot'], { env, stdio: 'inherit' });
if (run.status !== 0) process.exit(run.status ?? 1);

const prose = ['mapping', 'comment', 'requirements', 'alias', 'example', 'isModifierReason', 'meaningWhenMissing',
  'isSummary', 'mustSupport', 'orderMeaning'];
for (const name of readdirSync(generated)) {
  const path = join(generated, name);
  const resource = JSON.parse(readFileSync(path, 'utf8'));
  delete resource.mapping;
  for (const element of resource.snapshot?.element ?? []) {
    for (const key of prose) delete element[key];
    for (const constraint of element.constraint ?? []) delete constraint.xpath;
    if (element.definition) element.definition = element.definition.split(/(?<=[.])\s/)[0];
    if (element.binding?.extension) delete element.binding.extension;
  }
  writeFileSync(path, `${JSON.stringify(resource, null, 1)}\n`);
}
