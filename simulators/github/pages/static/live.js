// Shows what is new without a reload: parts marked data-live are replaced when the server's version differs.
// What a visitor types is outside those parts. Without scripts the page reloads itself while something runs.
const PAUSE = 1500;
const parts = () => document.querySelectorAll("[data-live]");
const seen = new Map();
parts().forEach((part) => seen.set(part.id, part.innerHTML));

function replace(part, html) {
  const closed = new Set([...part.querySelectorAll("details[id]:not([open])")].map((each) => each.id));
  const opened = new Set([...part.querySelectorAll("details:not([id])[open] > summary")].map((each) => each.textContent));
  part.innerHTML = html;
  closed.forEach((id) => document.getElementById(id)?.removeAttribute("open"));
  part.querySelectorAll("details:not([id]) > summary").forEach((each) => {
    if (opened.has(each.textContent)) each.parentElement.open = true;
  });
}

async function look() {
  try {
    const answer = await fetch(document.body.dataset.address + location.search);
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      parts().forEach((part) => {
        const html = fresh.getElementById(part.id)?.innerHTML;
        if (html !== undefined && html !== seen.get(part.id)) {
          seen.set(part.id, html);
          replace(part, html);
        }
      });
    }
  } catch {
    // The simulator is away for a moment; look again.
  }
  setTimeout(look, document.hidden ? 5000 : PAUSE);
}
if (parts().length) setTimeout(look, PAUSE);
