/* ledger.js - where every frame ended: all terms of the ledger with their reasons and meanings, in a window of its own. */
import {DASH, at, make, say, whole} from "./ui.js";

/* Terms in groups, as the ledger's equations have them; "files" and "frames": only where there is that sink. */
const GROUPS = [
	["messages", "received", "duplicate", "late", "unreadable"], ["announced", "before_join", "missing", "not_sent"],
	["analysed", "hits", "unanalysed", "invalid"], ["kept", "released"], ["written", "failed", "files"], ["sent", "unsent", "frames"],
];
const PARTS = ["received", "duplicate", "late", "unreadable", "before_join", "missing", "not_sent", "hits"];
const AT_THE_END = ["announced", "before_join", "missing", "not_sent"];

let now = null;

function row(term, kind, open) {
	const later = open && AT_THE_END.includes(term.term) && !term.run, name = (term.of ? term.term.slice(term.of.length + 1) : term.term).replaceAll("_", " ");
	const cells = [later ? DASH : whole(term.run), whole(term.total), term.words + (later && kind === "first" ? ", known when the run ends" : "")];
	const tr = make("tr", {className: `${kind}${term.total ? "" : " zero"}${term.total && term.loss ? " lost" : ""}`},
		make("th", {scope: "row", textContent: `${term.total && term.loss ? "▲ " : ""}${name}`}), ...cells.map(text => make("td", {textContent: text})));
	tr.dataset.term = term.term;
	return tr;
}

/* Each term, and below it those of its reasons that there were. What belongs to no group comes last, where there was any. */
function rows(status) {
	const term = Object.fromEntries(status.ledger.map(t => [t.term, t])), open = status.state === "measuring", out = [], listed = new Set(GROUPS.flat());
	const add = (t, kind) => out.push(row(t, kind, open), ...status.ledger.filter(r => r.of === t.term && r.total > 0).map(r => row(r, "reason", open)));
	for (const group of GROUPS)
		if (status.sinks[group.at(-1)] !== false)
			group.filter(name => term[name]).forEach((name, i) => add(term[name], i ? PARTS.includes(name) ? "part" : "" : "first"));
	for (const t of status.ledger.filter(t => !t.of && !listed.has(t.term) && t.total > 0))
		add(t, "first");
	return out;
}

export function ledger_show(status) {
	now = status;
	if (!at("ledger").open)
		return;
	say(at("ledger_run"), status.run ? `run ${status.run.number}` : "this run");
	at("ledger_rows").replaceChildren(...rows(status));
}

export function ledger_toggle() {
	if (at("ledger").open)
		at("ledger").close();
	else
		at("ledger").showModal();
	if (now)
		ledger_show(now);
}

export function ledger_open() {
	const head = make("tr", {}, make("th", {textContent: "frames"}), make("th", {id: "ledger_run"}), make("th", {textContent: "since the start"}), make("th", {textContent: "meaning"}));
	at("ledger").replaceChildren(make("h2", {textContent: "Where every frame ended"}),
		make("table", {}, make("thead", {}, head), make("tbody", {id: "ledger_rows"})));
	at("ledger").onclick = () => at("ledger").close();
	at("figures").onclick = ledger_toggle;
}
