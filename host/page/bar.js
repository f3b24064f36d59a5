/* bar.js - the top bar: state, series, rate, where the frames are, every loss with its reason, and the delay from detector to screen. */
import {DASH, at, duration, known, make, milliseconds, per_second, say, show, whole, bytes} from "./ui.js";

const SENTENCES = {
	measuring: "measuring", ending: "ending the run", stopping: "stopping", waiting: "waiting for a run", disconnected: "no detector", silent: "node silent",
};

const FIGURES = [
	["rate", "Rate", "frames from the detector in the last second"],
	["expected", "Expected", "announced by the detector for this run"],
	["received", "Received", "frames taken from the detector, this run"],
	["analysed", "Analysed", "frames of this run whose every selected channel was analysed"],
	["hits", "Hits", "frames of this run that satisfy the hit rule"],
	["written", "Written", "frames of this run that are in files"],
	["missing", "Missing", "gaps in the frame numbers of this run"],
	["delay", "Delay", "from the arrival of a frame to its numbers on this screen; and to its picture"],
];

const place = {};

export function bar_open() {
	at("figures").replaceChildren(...FIGURES.map(([id, name, title]) => {
		const value = make("span", {textContent: DASH, id: `figure_${id}`}), unit = make("small"), more = make("small", {id: `more_${id}`});
		const figure = make("div", {className: "figure", title}, make("h2", {textContent: name}), make("p", {}, value, unit), more);
		place[id] = {figure, value, unit, more};
		return figure;
	}));
}

function figure(id, value, more = "", unit = "") {
	say(place[id].value, value);
	say(place[id].unit, unit);
	say(place[id].more, more);
}

export const share = (part, of) => of > 0 ? `${(100 * part / of).toFixed(1)}\u2009%` : "";

/* --- losses --- */

const MILD = new Set(["duplicate", "late", "not_sent", "elsewhere"]);
const words_of = term => term.replaceAll("_", " ").replaceAll(".", ": ");

const chips = new Map();

/* One for each term that lost frames in the run or before; its reasons open on hover and focus. It stays the same element while its numbers grow. */
function chip_show(term, reasons) {
	const n = term.run || term.total, before = term.run ? term.total - term.run : 0;
	const why = [term.words, ...reasons.map(r => `${whole(r.run || r.total)} × ${r.words}`)];
	if (before)
		why.push(`and ${whole(before)} in the runs before`);
	let chip = chips.get(term.term);
	if (!chip) {
		chip = {words: make("span"), why: make("span", {className: "why"})};
		chip.element = make("span", {className: "chip new", tabIndex: 0, role: "note"}, chip.words, chip.why);
		chip.element.dataset.term = term.term;
		chips.set(term.term, chip);
		at("losses").append(chip.element);
	}
	say(chip.words, `${words_of(term.term)} ${whole(n)}${term.run ? "" : " before this run"}`);
	say(chip.why, why.join("\n"));
	chip.element.classList.toggle("mild", MILD.has(term.term) || !term.run);
	chip.element.dataset.count = n;
}

/* And devices that analyse no more. */
function losses(ledger, failed) {
	const lost = ledger.filter(t => t.loss && !t.of && t.total > 0), names = new Set(lost.map(t => t.term));
	for (const [name, chip] of chips)
		if (!names.has(name)) {
			chip.element.remove();
			chips.delete(name);
		}
	for (const term of lost)
		chip_show(term, ledger.filter(r => r.of === term.term && r.total > 0));
	show(at("no_loss"), !lost.length);
	show(at("failed"), failed.length > 0);
	say(at("failed_words"), `${failed.map(d => d.device).join(", ")} failed`);
	say(at("failed_why"), failed.map(d => `${d.device}: ${d.error}`).join("\n"));
}

/* --- the whole --- */

function state_set(name) {
	if (document.body.className !== name)
		document.body.className = name;
}

/* While a run goes on, the ledger does not know yet what is missing; holes so far are told with their sign. */
function missing(status, term, gap, gaps) {
	const lost = term[gap] + (term.not_sent || 0), early = status.state === "measuring" && !term[gap];
	const of = term.announced || status.run?.expected, more = gap === "elsewhere" ? "taken elsewhere" : early ? "so far" : lost ? share(lost, of) : "";
	figure("missing", early && gaps ? `≈\u2009${whole(gaps)}` : whole(term[gap]), more);
	place.missing.figure.classList.toggle("lost", gap !== "elsewhere" && (term[gap] > 0 || (early && gaps > 0)));
}

function counts(status, gaps) {
	const term = Object.fromEntries(status.ledger.map(t => [t.term, t.run])), gap = "elsewhere" in term && !("missing" in term) ? "elsewhere" : "missing";
	const written = status.sinks.files, expected = status.run?.expected;
	figure("expected", expected ? whole(expected) : term.announced ? whole(term.announced) : DASH, expected ? "announced" : "not announced");
	figure("received", whole(term.received), expected ? share(term.received, expected) : "");
	figure("analysed", whole(term.analysed), term.received ? share(term.analysed, term.received) : "");
	figure("hits", whole(term.hits), term.analysed ? share(term.hits, term.analysed) : "");
	figure("written", written ? whole(term.written) : "off", written ? `of ${whole(term.kept)} kept` : status.sinks.frames ? `${whole(term.sent)} sent on` : "no directory");
	missing(status, term, gap, gaps);
}

/* gaps: what may be missing in the run under way. */
export function bar_show(status, picture_ms, gaps) {
	const run = status.run, live = status.state === "measuring", delay_ms = live ? status.delay_ms : NaN;
	state_set(status.state);
	say(at("state_word"), SENTENCES[status.state] || status.state);
	say(at("series_name"), run ? `run ${run.number}, series ${run.series}` : "no run yet");
	const used = (status.devices || []).filter(d => d.state === "used").map(d => d.device).join(", ") || "nothing";
	say(at("series_more"), `${used}, ${status.workers} worker${status.workers === 1 ? "" : "s"}, settings ${status.settings_version}`);
	at("series_more").title = `${status.inputs.map(i => `${i.endpoint} ${i.connected ? "connected" : "not connected"}`).join("\n")}\nSluice ${status.version}, up ${duration(status.uptime_s)}`;
	figure("rate", per_second(status.rates.frames_per_s), `${bytes(status.rates.bytes_per_s)}/s`, " frames/s");
	figure("delay", known(delay_ms) ? milliseconds(delay_ms) : DASH, live && known(picture_ms) ? `picture ${milliseconds(picture_ms)}` : "detector to screen");
	counts(status, gaps);
	losses(status.ledger, (status.devices || []).filter(d => d.state === "failed"));
	document.title = status.state === "measuring" ? `${per_second(status.rates.frames_per_s)} frames/s – Sluice` : "Sluice";
}

export function bar_silent(since_s) {
	state_set("silent");
	say(at("state_word"), SENTENCES.silent);
	say(at("banner"), `The node does not answer${since_s >= 1 ? ` (${duration(since_s)})` : ""}. Everything here is old; it comes back by itself.`);
	show(at("banner"), true);
	document.title = "Sluice (silent)";
}

export function bar_back() {
	show(at("banner"), false);
}
