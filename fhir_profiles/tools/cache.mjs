// Fills a FHIR package cache of our own from npm and vendor/, so that SUSHI compiles without network.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const home = join(root, 'build', 'home');
const packages = join(home, '.fhir', 'packages');
const definitions = join(root, 'node_modules', '@medplum', 'definitions', 'dist', 'fhir', 'r4');
const bundles = ['profiles-types', 'profiles-resources', 'profiles-others', 'extension-definitions', 'valuesets',
  'v3-codesystems', 'v2-tables', 'conceptmaps'];

function writePackage(name, version, resources) {
  const folder = join(packages, `${name}#${version}`, 'package');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = [];
  for (const resource of resources) {
    const filename = `${resource.resourceType}-${resource.id}.json`.replace(/[^A-Za-z0-9._-]/g, '_');
    writeFileSync(join(folder, filename), JSON.stringify(resource));
    const { resourceType, id, url, version, kind, type } = resource;
    files.push({ filename, resourceType, id, url, version, kind, type });
  }
  const manifest = { name, version, fhirVersions: ['4.0.1'], type: name.includes('core') ? 'Core' : 'IG' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, '.index.json'), JSON.stringify({ 'index-version': 1, files }));
}

const core = new Map();
for (const bundle of bundles) {
  for (const entry of JSON.parse(readFileSync(join(definitions, `${bundle}.json`), 'utf8')).entry) {
    core.set(`${entry.resource.resourceType}-${entry.resource.id}`, entry.resource);
  }
}
writePackage('hl7.fhir.r4.core', '4.0.1', core.values());

const vendor = join(root, 'vendor', 'no-basis');
const basis = readdirSync(vendor).filter((name) => name.endsWith('.json'));
writePackage('hl7.fhir.no.basis', '2.2.4', basis.map((name) => JSON.parse(readFileSync(join(vendor, name), 'utf8'))));
