// A second opinion: @medplum/core validates messages against our compiled profiles.
// Usage: node tools/second_opinion.mjs FILE... ; prints one JSON object {file: [problems]}; FILE holds one resource.
//        node tools/second_opinion.mjs --rules FILE ; prints [whether each {expression, resource, element} holds].
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evalFhirPathTyped, indexStructureDefinitionBundle, toTypedValue, validateResource } from '@medplum/core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const definitions = join(root, 'node_modules', '@medplum', 'definitions', 'dist', 'fhir', 'r4');
for (const name of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(read(join(definitions, `${name}.json`)));
}

/**
 * Medplum cannot see two things that slices stand on: the type of `entry.resource`, and the url of an extension that is
 * named by its profile only. The first we leave out here (each entry is checked by its own profile below), the second
 * we write out.
 */
function readable(profile) {
  const slicedEntry = (id) => id.startsWith('Bundle.entry:');
  const element = profile.snapshot.element.filter((one) => !slicedEntry(one.id)).flatMap((one) => {
    if (one.id === 'Bundle.entry') return [{ ...one, slicing: undefined }];
    const url = /extension:[^.]+$/.test(one.id) && one.type?.[0].profile?.[0];
    if (!url) return [one];
    const child = { id: `${one.id}.url`, path: `${one.path}.url`, min: 1, max: '1', base: { path: 'Extension.url', min: 1, max: '1' } };
    return [one, { ...child, type: [{ code: 'uri' }], fixedUri: url }];
  });
  return { ...profile, snapshot: { element } };
}

const folders = [join(root, 'vendor', 'no-basis'), join(root, 'fsh-generated', 'resources')];
const profiles = new Map();
const slices = new Map();
for (const folder of folders) {
  for (const name of readdirSync(folder).filter((one) => one.startsWith('StructureDefinition-'))) {
    const profile = read(join(folder, name));
    profiles.set(profile.url, readable(profile));
    slices.set(profile.url, profile.snapshot.element.filter((e) => /^Bundle\.entry:[^.]+\.resource$/.test(e.id)));
  }
}
indexStructureDefinitionBundle([...profiles.values()]);

/** The same message with `Type/id` for `urn:uuid:id`: medplum reads the type of a reference from its text. */
function named(bundle) {
  const types = new Map(bundle.entry.map((e) => [e.fullUrl, e.resource.resourceType]));
  const text = JSON.stringify(bundle).replace(/"reference":"(urn:uuid:([^"]+))"/g, (all, url, id) =>
    types.has(url) ? `"reference":"${types.get(url)}/${id}"` : all);
  return JSON.parse(text);
}

/** The profile that an entry must follow: of the slice of its type in the message's own profile. */
function profileOf(message, type) {
  const found = slices.get(message).flatMap((e) => e.type).find((t) => t.code === type);
  return found?.profile && profiles.get(found.profile[0]);
}

function problemsOf(resource, profile, where) {
  try {
    const options = profile ? { profile } : undefined;
    return validateResource(resource, options).filter((i) => i.severity === 'error').map((i) => `${where} ${i.expression} ${i.details.text}`);
  } catch (error) {
    const issues = error.outcome?.issue ?? [{ details: { text: String(error) } }];
    return issues.map((issue) => `${where} ${issue.expression} ${issue.details?.text}`);
  }
}

if (process.argv[2] === '--rules') {
  const held = read(process.argv[3]).map(({ expression, resource, element }) => {
    const found = evalFhirPathTyped(expression, [toTypedValue(element)], { '%resource': toTypedValue(resource) });
    return found.length === 1 && found[0].value === true;
  });
  process.stdout.write(JSON.stringify(held));
  process.exit(0);
}

const answers = {};
for (const file of process.argv.slice(2)) {
  const bundle = read(file);
  const message = bundle.meta.profile[0];
  if (bundle.resourceType !== 'Bundle') {
    answers[file] = problemsOf(bundle, profiles.get(message), bundle.resourceType);
    continue;
  }
  const references = /Invalid reference: got "urn:uuid:/;
  answers[file] = problemsOf(bundle, profiles.get(message), 'Bundle').filter((one) => !references.test(one));
  named(bundle).entry.forEach((entry, index) => {
    const profile = profileOf(message, entry.resource.resourceType);
    answers[file].push(...problemsOf(entry.resource, profile, `Bundle.entry[${index}].resource`));
  });
}
process.stdout.write(`${JSON.stringify(answers, null, 1)}\n`);
