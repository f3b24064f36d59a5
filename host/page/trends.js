/* trends.js - the numbers of the run against time or frame number: hit rate, spots and d_min, background and ice. */
import {at, known, per_second, recall, remember, say, show, whole} from "./ui.js";
import {chart_open, clock, from_zero} from "./charts.js";

const SPANS = {"1 min": 60, "10 min": 600, "whole run": Infinity};
const state = {x: recall("x", "time"), span: recall("span", "whole run")};
const percent = v => `${v.toFixed(1)}\u2009%`;
const TIME = {name: "time", say: clock, values: (u, list) => list.map(clock), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400]};
const NUMBER = {name: "frame number", say: n => `frame ${whole(n)}`};
let charts = null;

const HIT = {name: "hit rate", scale: "hit", colour: "blue", fill: true, say: percent, gaps: "span", title: "hits of the analysed frames"};
const HIT_AXIS = {scale: "hit", label: "hit rate / %", range: (u, low, high) => [0, Math.min(100, Math.max(5, (high ?? 0) * 1.15))]};

export function trends_open() {
	charts = {
		time: chart_open(at("hits_plot_time"), at("hits_key_time"), {
			x: TIME, y: [HIT_AXIS, {scale: "rate", label: "frames/s", range: from_zero(1)}], sync: "trends",
			lines: [HIT, {name: "rate", scale: "rate", colour: "grey", dash: "dashed", say: v => `${per_second(v)}/s`, title: "frames that left the node each second"}],
		}),
		frame: chart_open(at("hits_plot_frame"), at("hits_key_frame"), {
			x: NUMBER, y: [HIT_AXIS, {scale: "seen", label: "frames seen / %", range: [0, 105]}], sync: "trends",
			lines: [HIT, {name: "seen", scale: "seen", colour: "grey", dash: "dashed", say: percent, title: "frames of these numbers that came"}],
		}),
		spots: chart_open(at("spots_plot"), at("spots_key"), {
			x: TIME, y: [{scale: "n", label: "spots per frame", range: from_zero(1)}, {scale: "d", label: "dₘᵢₙ / Å, better is up", dir: -1, range: d_range}], sync: "trends",
			lines: [
				{name: "spots", scale: "n", colour: "red", title: "mean over the analysed frames", gaps: "span"},
				{name: "dₘᵢₙ", scale: "d", colour: "green", dash: "dashed", unit: " Å", say: v => v.toFixed(2), title: "mean over frames that have one", gaps: "span"},
				{name: "best", scale: "d", colour: "green", dash: "dotted", unit: " Å", say: v => v.toFixed(2), gaps: "span"},
			],
		}),
		background: chart_open(at("background_plot"), at("background_key"), {
			x: TIME, y: [{scale: "b", label: "counts/pixel", range: from_zero(.1)}, {scale: "i", label: "ice / σ", range: (u, low, high) => [Math.min(0, low ?? 0), Math.max(5, (high ?? 0) * 1.1)]}], sync: "trends",
			lines: [
				{name: "background", scale: "b", colour: "blue", title: "mean in the configured range of q, counts per pixel", gaps: "span"},
				{name: "ice", scale: "i", colour: "violet", dash: "dashed", unit: " σ", title: "how far the strongest ice ring stands out", gaps: "span"},
			],
		}),
	};
	axis_set();
}

function d_range(u, low, high) {
	return known(low) && known(high) ? [Math.max(0, low - .08 * (high - low) - .05), high + .08 * (high - low) + .05] : [1, 5];
}

function axis_set() {
	const x = state.x === "frame" ? NUMBER : TIME;
	charts.spots.x_axis(x);
	charts.background.x_axis(x);
}

/* Several bins to one, so that there are no more points than can be told apart, and none of less than `least`: sums stay sums. */
function columns_of(bins, origin, first, points, least) {
	const n = bins.frames.length, step = Math.max(1, Math.ceil((n - first) / points), Math.round(least / bins.width)), out = {x: [], frames: [], hit: [], spots: [], d: [], best: [], background: [], ice: []};
	for (let i = first - first % step; i < n; i += step) {
		const sum = name => {
			let s = 0;
			for (let k = i; k < Math.min(n, i + step); k++)
				s += bins[name][k] || 0;
			return s;
		};
		const mean = (name, over) => {
			const count = sum(over);
			return count ? sum(name) / count : null;
		};
		const width = (Math.min(n, i + step) - i) * bins.width, hit = mean("hits", "analysed");
		out.x.push(origin + i * bins.width + width / 2);
		out.frames.push(sum("frames") / width);
		out.hit.push(hit === null ? null : 100 * hit);
		out.spots.push(mean("spots", "analysed"));
		out.d.push(mean("d_min", "resolved"));
		out.best.push(bins.d_min_best.slice(i, i + step).filter(known).reduce((a, b) => a === null || b < a ? b : a, null));
		out.background.push(mean("background", "backgrounds"));
		out.ice.push(mean("ice", "ices"));
	}
	return out;
}

/* open: the run goes on, and the last point is still being made. */
export function trends_show(history, open) {
	const by_frame = state.x === "frame", bins = by_frame ? history?.number : history?.time;
	if (!bins || !bins.frames?.length)
		return;
	const span = SPANS[state.span] ?? Infinity, n = bins.frames.length, first = by_frame || span === Infinity ? 0 : Math.max(0, n - Math.ceil(span / bins.width));
	const c = columns_of(bins, by_frame ? 0 : history.origin_unix_s, first, Math.max(80, at("spots_plot").clientWidth / 3),
		by_frame ? 10 : 1);
	if (open && c.x.length > 1)
		Object.values(c).forEach(column => column.pop());
	const rate = by_frame ? c.frames.map(v => 100 * v) : c.frames;
	(by_frame ? charts.frame : charts.time).set([c.x, c.hit, rate]);
	charts.spots.set([c.x, c.spots, c.d, c.best]);
	charts.background.set([c.x, c.background, c.ice]);
}

/* name: time, frame, or map, which leaves the other charts as they are. */
export function trends_view(name) {
	const map = name === "map";
	if (!map && state.x !== name) {
		state.x = name;
		remember("x", name);
		axis_set();
	}
	for (const view of ["time", "frame"]) {
		show(at(`hits_plot_${view}`), name === view);
		show(at(`hits_key_${view}`), name === view);
	}
	show(at("hits_span"), name === "time");
	say(at("hits_name"), map ? "Scan" : "Hit rate");
}

export const trends_x = () => state.x;

export function trends_span() {
	const names = Object.keys(SPANS);
	state.span = names[(names.indexOf(state.span) + 1) % names.length];
	remember("span", state.span);
	trends_span_say();
}

export function trends_span_say() {
	say(at("hits_span"), state.span);
}
