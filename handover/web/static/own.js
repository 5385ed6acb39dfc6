/* Everything works without this file; with it: focus on the error summary, drafts that save themselves, how many
   choices are made, a button that prints, a screen locked with Escape, news in a live list, the seconds of an undo,
   and a warning before the session ends. */
"use strict";
const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
const token = () => document.querySelector("input[name=csrf_token]")?.value ?? "";

each("#error-summary", (summary) => summary.focus());

const unsaved = []; // what each form still has to save, for who leaves the page before the second is over
let leaving = false;
addEventListener("pagehide", () => { leaving = true; unsaved.forEach((flush) => flush()); });

each("form[data-autosave]", (form) => {
  const note = form.querySelector("[data-autosave-note]");
  const revision = form.querySelector("[name=revision], [data-revision]"); // where another writer's save would show
  let timer = 0;
  let saving = null;
  const send = async () => {
    timer = 0;
    const body = new FormData(form);
    form.querySelectorAll("input[type=file]").forEach((field) => body.delete(field.name));
    const answer = await fetch(form.dataset.autosave, { method: "POST", body, keepalive: leaving }).catch(() => null);
    if (answer?.ok && revision) revision.value = answer.headers.get("X-Revision") ?? revision.value;
    const said = { 409: "moved", 422: "refused" }[answer?.status] ?? "failed";
    if (note) note.textContent = answer?.ok ? note.dataset.saved : note.dataset[said] ?? note.dataset.failed;
    form.toggleAttribute("data-unsaved", !answer?.ok);
    return Boolean(answer?.ok);
  };
  const save = () => {
    const mine = (saving ?? Promise.resolve()).then(send).finally(() => { if (saving === mine) saving = null; });
    saving = mine;
  };
  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    clearTimeout(timer);
    timer = setTimeout(save, 1000);
  });
  unsaved.push(() => { if (timer) { clearTimeout(timer); save(); } return saving; });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    timer = 0;
    if (!saving) return;
    event.preventDefault(); // let what is on its way arrive first: it would look like another writer's
    saving.then(() => setTimeout(() => form.requestSubmit(event.submitter)));
  });
});

each("[data-progress]", (line) => document.addEventListener("change", () => {
  const decided = document.querySelectorAll("input[name=mark]:checked:not([value=undecided])").length;
  line.firstElementChild.textContent = line.dataset.progress.replace("%d", decided);
}));

const afterSaving = (event, goOn) => {
  const waiting = event.defaultPrevented ? [] : unsaved.map((flush) => flush()).filter(Boolean);
  if (!waiting.length) return;
  event.preventDefault(); // the next page must show what was just chosen, and nothing typed may be left behind
  Promise.all(waiting).then((saved) => {
    if (saved.every(Boolean) || event.target.matches("[data-lock]")) goOn();
    else document.querySelector("[data-unsaved] :is(textarea, input:not([type=hidden]))")?.focus();
  });
};
document.addEventListener("submit", (event) => afterSaving(event, () => event.target.requestSubmit(event.submitter)));
document.addEventListener("click", (event) => {
  const link = event.ctrlKey || event.metaKey || event.shiftKey ? null : event.target.closest("a[href]");
  if (link && !link.target) afterSaving(event, () => location.assign(link.href));
});

each("[data-print]", (button) => { button.hidden = false; button.addEventListener("click", () => print()); });

each("form[data-lock]", (form) => {
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") form.requestSubmit(); });
});

each("[data-poll]", (region) => setInterval(async () => {
  if (document.hidden) return;
  const headers = { "If-None-Match": region.dataset.version };
  const answer = await fetch(region.dataset.poll, { headers, redirect: "error" }).catch(() => null);
  if (answer?.status !== 200) return;
  const { text, asked } = await answer.json();
  const title = document.title.replace(/^\(\d+\) /, "");
  if (asked !== undefined) document.title = asked ? `(${asked}) ${title}` : title;
  if (!text || text === region.textContent) return;
  const link = Object.assign(document.createElement("a"), { href: region.dataset.show, textContent: text, className: "ds-link" });
  region.replaceChildren(link);
}, 20000));

each("[data-countdown]", (clock) => {
  let left = Number(clock.dataset.countdown);
  const tick = setInterval(() => {
    left -= 1;
    clock.textContent = left > 0 ? clock.dataset.sentence.replace("%s", left) : clock.dataset.over;
    if (left <= 0) { clearInterval(tick); each("[data-undo]", (button) => { button.hidden = true; }); }
  }, 1000);
});

each("[data-ends-in]", (note) => {
  const warn = () => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "ds-button", textContent: note.dataset.button });
    button.addEventListener("click", async () => {
      const answer = await fetch(note.dataset.stay, { method: "POST", body: new URLSearchParams({ csrf_token: token() }) });
      if (answer.ok) { note.replaceChildren(); plan((await answer.json()).ends_in); }
    });
    note.replaceChildren(Object.assign(document.createElement("p"), { textContent: note.dataset.warn }), button);
  };
  const plan = (seconds) => setTimeout(warn, Math.max(0, seconds - 300) * 1000);
  plan(Number(note.dataset.endsIn));
});
