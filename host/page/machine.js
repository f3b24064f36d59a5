/* machine.js - how the node itself is: latency, queues, load of each lane. */
import {at, bytes, known, make, milliseconds, say, whole} from "./ui.js";
import {chart_open, clock} from "./charts.js";

const HIGH = .85; /* of a queue: worth a look */
const BUSY = .97; /* of a processor */
const gauges = new Map();
let chart = null, cells = null;

export function machine_open() {
	const column = name => ["p50", "p95", "p99", "max"].map(p => make("td", {id: `latency_${name}_${p}`, textContent: "–"}));
	const head = make("tr", {}, make("th", {textContent: "ms"}), ...["p50", "p95", "p99", "max"].map(p => make("th", {textContent: p})));
	cells = {now: column("now"), start: column("start")};
	at("latency").replaceChildren(head, make("tr", {}, make("th", {textContent: "now"}), ...cells.now), make("tr", {}, make("th", {textContent: "all"}), ...cells.start));
	chart = chart_open(at("latency_plot"), at("latency_key"), {
		x: {name: "time", say: clock, values: (u, list) => list.map(clock), incrs: [1, 2, 5, 10, 30, 60, 120, 300, 600]},
		y: [{scale: "ms", label: "ms", log: true, range: latency_range, splits: latency_splits}],
		lines: [{name: "p50", scale: "ms", colour: "blue", say: milliseconds}, {name: "p95", scale: "ms", colour: "violet", dash: "dashed", say: milliseconds}, {name: "p99", scale: "ms", colour: "red", dash: "dotted", say: milliseconds}],
	});
}

const decade = (n, round) => 10 ** round(Math.log10(n));
const latency_range = (u, low, high) => known(low) && known(high) && low > 0 ? [decade(low, Math.floor), decade(high * 1.001, Math.ceil)] : [1, 100];

function latency_splits(u, axis, low, high) {
	const out = [];
	for (let v = low; v <= high * 1.001; v *= 10)
		out.push(v);
	return out;
}

/* --- gauges --- */

function gauge_row(parent, name, many) {
	const id = `${parent.id}/${name}`;
	let g = gauges.get(id);
	if (!g) {
		g = {bar: make("i"), words: make("span"), row: null};
		g.row = make("div", {className: many ? "gauge many" : "gauge"}, make("span", {textContent: name}), g.bar, g.words);
		g.row.dataset.name = name;
		gauges.set(id, g);
		parent.append(g.row);
	}
	g.seen = true;
	return g;
}

const filling = full => known(full) ? Math.min(1, Math.max(0, full)).toFixed(3) : 0;

function gauge(parent, name, full, words, title, high) {
	const g = gauge_row(parent, name, false);
	say(g.words, words);
	g.bar.style.setProperty("--full", filling(full));
	g.row.classList.toggle("high", high);
	g.row.title = title;
}

/* Lanes of one kind share a row: a bar each, and the busiest in numbers. */
function gauge_many(parent, name, lanes) {
	const g = gauge_row(parent, name, true), most = Math.max(...lanes.map(l => l.load ?? 0));
	while (g.bar.children.length < lanes.length)
		g.bar.append(make("b"));
	lanes.forEach((l, i) => {
		g.bar.children[i].style.setProperty("--full", filling(l.load));
		g.bar.children[i].title = `${l.name}: ${percent(l.load)}`;
		g.bar.children[i].classList.toggle("high", l.load > BUSY);
	});
	say(g.words, `≤ ${percent(most)}`);
	g.row.title = lanes.map(l => `${l.name}: ${percent(l.load)}`).join("\n");
}

/* "work 1", "work 2" ... are of one kind. */
function kinds(lanes) {
	const out = new Map();
	for (const l of lanes) {
		const kind = l.name.replace(/[ ._-]?\d+$/, "");
		out.set(kind, [...out.get(kind) || [], l]);
	}
	return out;
}

/* Those of lanes that are no more go. */
function sweep() {
	for (const [id, g] of gauges) {
		if (!g.seen) {
			g.row.remove();
			gauges.delete(id);
		}
		g.seen = false;
	}
}

const ms = n => known(n) ? n >= 100 ? whole(n) : n.toPrecision(3) : "–";
const percent = share => known(share) ? `${Math.round(100 * share)}\u2009%` : "–";

export function machine_show(status) {
	for (const q of status.queues || []) {
		const full = q.room ? q.used / q.room : 0, words = q.unit === "bytes" ? bytes : whole;
		gauge(at("queues"), q.name, full, percent(full), `${words(q.used)} of ${words(q.room)}${q.unit === "frames" ? " frames" : ""}`, full > HIGH);
	}
	for (const [kind, lanes] of kinds(status.lanes || []))
		if (lanes.length > 1)
			gauge_many(at("lanes"), `${kind} × ${lanes.length}`, lanes);
		else
			gauge(at("lanes"), lanes[0].name, lanes[0].load, percent(lanes[0].load), `${percent(lanes[0].load)} of a processor in the last second`, lanes[0].load > BUSY);
	sweep();
	["p50", "p95", "p99", "max"].forEach((p, i) => say(cells.start[i], status.latency_ms.frames ? ms(status.latency_ms[p]) : "–"));
}

export function machine_recent(recent) {
	if (!recent || !recent.p50_ms)
		return;
	const x = recent.p50_ms.map((v, i) => recent.start_unix_s + recent.from + i);
	["p50", "p95", "p99"].forEach((p, i) => {
		const value = recent[`${p}_ms`].at(-1);
		say(cells.now[i], ms(value));
	});
	chart.set([x, ...["p50", "p95", "p99"].map(p => recent[`${p}_ms`].map(v => v > 0 ? v : null))]);
}
