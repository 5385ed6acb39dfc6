// Writes r4/definitions.json: the part of FHIR R4 that our compiled profiles lead to, with value sets expanded.
// `python -m handover.fhir.compile` needs nothing else of the standard, so that no run and no test needs npm.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'node_modules', '@medplum', 'definitions', 'dist', 'fhir', 'r4');
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const folder = (path) => readdirSync(path).filter((name) => name.endsWith('.json')).map((name) => read(join(path, name)));

const known = new Map();
for (const bundle of ['profiles-types', 'profiles-resources', 'extension-definitions', 'valuesets', 'v3-codesystems', 'v2-tables']) {
  for (const { resource } of read(join(source, `${bundle}.json`)).entry) {
    if (['StructureDefinition', 'ValueSet', 'CodeSystem'].includes(resource.resourceType) && resource.url) {
      known.set(resource.url, resource);
    }
  }
}
const own = [...folder(join(root, 'fsh-generated', 'resources')), ...folder(join(root, 'vendor', 'no-basis'))];
for (const resource of own) {
  known.set(resource.url, resource);
}
const ownUrls = new Set(own.map((resource) => resource.url));
const base = 'http://hl7.org/fhir/StructureDefinition/';

function codesOf(concepts = []) {
  return concepts.flatMap((concept) => [concept.code, ...codesOf(concept.concept)]);
}

/** Returns {system: [codes]}, or undefined where the value set cannot be listed (languages, units, mime types). */
function expand(url, seen = new Set()) {
  const valueSet = known.get(url);
  if (!valueSet?.compose || seen.has(url) || valueSet.compose.exclude) return undefined;
  seen.add(url);
  const found = {};
  for (const include of valueSet.compose.include) {
    if (include.filter) return undefined;
    for (const other of include.valueSet ?? []) {
      const inner = expand(other.split('|')[0], seen);
      if (!inner) return undefined;
      for (const [system, codes] of Object.entries(inner)) found[system] = [...(found[system] ?? []), ...codes];
    }
    if (!include.system) continue;
    const system = known.get(include.system);
    const codes = include.concept ? include.concept.map((c) => c.code) : codesOf(system?.concept);
    if (!codes.length || (!include.concept && system?.content !== 'complete')) return undefined;
    found[include.system] = [...(found[include.system] ?? []), ...codes];
  }
  return Object.fromEntries(Object.entries(found).sort().map(([s, codes]) => [s, [...new Set(codes)].sort()]));
}

const keep = ['id', 'path', 'sliceName', 'min', 'max', 'base', 'contentReference', 'maxLength', 'slicing', 'isModifier'];
function pruned(structure) {
  const element = structure.snapshot.element.map((full) => {
    const slim = {};
    for (const [key, value] of Object.entries(full)) {
      if (keep.includes(key) || /^(fixed|pattern)[A-Z]/.test(key)) slim[key] = value;
    }
    if (full.type) slim.type = full.type.map(({ code, profile, targetProfile, extension }) => ({ code, profile, targetProfile, extension }));
    if (full.binding?.strength === 'required') slim.binding = { strength: 'required', valueSet: full.binding.valueSet };
    const errors = (full.constraint ?? []).filter((c) => c.severity === 'error');
    if (errors.length) slim.constraint = errors.map(({ key, severity, human, expression }) => ({ key, severity, human, expression }));
    return slim;
  });
  const { resourceType, id, url, type, kind } = structure;
  return { resourceType, id, url, type, kind, snapshot: { element } };
}

const structures = new Map();
const valueSets = new Map();
const todo = own.filter((r) => r.resourceType === 'StructureDefinition' && r.id.startsWith('overgang-'))
  .flatMap((r) => [r.url, base + r.type]);
const seen = new Set();
while (todo.length) {
  const url = todo.pop();
  const structure = known.get(url);
  if (seen.has(url) || !structure?.snapshot) continue;
  seen.add(url);
  if (!ownUrls.has(url)) structures.set(url, pruned(structure));
  for (const element of structure.snapshot.element) {
    for (const type of element.type ?? []) {
      todo.push(...(type.profile ?? []), base + type.code);
    }
    if (element.binding?.strength === 'required') {
      const set = element.binding.valueSet.split('|')[0];
      valueSets.set(set, expand(set) ?? null);
    }
  }
}
const resourceTypes = [...known.values()].filter((r) => r.kind === 'resource' && r.derivation === 'specialization' && !r.abstract)
  .map((r) => r.type).sort();
const sorted = (map) => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
mkdirSync(join(root, 'r4'), { recursive: true });
const lines = { fhirVersion: '4.0.1', resourceTypes, valueSets: sorted(valueSets), structures: Object.values(sorted(structures)) };
writeFileSync(join(root, 'r4', 'definitions.json'), `${JSON.stringify(lines, null, 1)}\n`);
