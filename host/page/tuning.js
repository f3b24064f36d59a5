/* tuning.js - live tuning: knobs whose change is tried on the frozen frame by the node, and goes to the run with one button only. */
import {at, fixed, known, make, say, show, whole, short} from "./ui.js";
import {ask, post, token_known, token_set} from "./link.js";
import {store} from "./store.js";
import {frame_is, frame_trial} from "./frame.js";

/* key, name, unit, range of the slider [low, high, step]; log: the slider's steps grow with the value. A field takes all that the node allows. */
const KNOBS = [
	["Strong pixels", [
		["spots.sigma_strong", "σ strong", "", [0, 12, .1]], ["spots.sigma_background", "σ background", "", [0, 20, .1]],
		["spots.threshold", "threshold", "counts", [0, 1000, 1], "log"], ["spots.kernel", "kernel", "pixels", [1, 6, 1]],
	]],
	["Spots", [["spots.min_pixels", "smallest", "pixels", [1, 30, 1]], ["spots.max_pixels", "largest", "pixels", [1, 5000, 1], "log"]]],
	["Resolution range of the hit rule", [["hit.resolution_angstrom.0", "low", "Å", [1, 100, .1], "log"], ["hit.resolution_angstrom.1", "high", "Å", [.5, 10, .05], "log"]]],
	["Hit rule", [["hit.when", "a hit is", "", null]]],
];

const NUMBERS = [["n_strong", "strong pixels", 0], ["n_spots", "spots", 0], ["n_spots_range", "in the range", 0], ["n_spots_ring_free", "outside ice rings", 0], ["d_min", "dₘᵢₙ / Å", 2], ["score", "score", 2], ["hit", "verdict"]];
const TRY_MS = 250;

const knobs = new Map();
let timer = 0, tried = "", busy = false, on_change = () => {};

/* --- values: the node's options hold YAML; a pair is two knobs --- */

const option_of = key => key.replace(/\.[01]$/, "");
const part_of = key => /\.[01]$/.test(key) ? Number(key.at(-1)) : null;

function value_read(key, yaml) {
	const part = part_of(key);
	if (part !== null)
		return Number(yaml.replace(/[[\]\s]/g, "").split(",")[part]);
	return key === "hit.when" ? yaml.replace(/^(["'])(.*)\1$/, "$2") : Number(yaml);
}

/* The changes as the node takes them: ["spots.kernel=4", ...]. */
export function changes() {
	const out = new Map();
	for (const knob of knobs.values())
		if (knob.value !== knob.applied) {
			const option = option_of(knob.key);
			if (part_of(knob.key) === null)
				out.set(option, `${option}=${knob.value}`);
			else
				out.set(option, `${option}=[${[0, 1].map(i => knobs.get(`${option}.${i}`).value).join(", ")}]`);
		}
	return [...out.values()];
}

/* --- knobs --- */

const STEPS = 1000;
const to_slider = (k, v) => k.log ? STEPS * Math.log((v + k.shift) / (k.low + k.shift)) / Math.log((k.high + k.shift) / (k.low + k.shift)) : v;
function from_slider(k, s) {
	if (!k.log)
		return Number(Number(s).toFixed(4));
	const v = (k.low + k.shift) * ((k.high + k.shift) / (k.low + k.shift)) ** (s / STEPS) - k.shift;
	return Number((k.step >= 1 ? Math.round(v) : Math.round(v / k.step) * k.step).toFixed(4));
}

function knob_show(knob) {
	if (document.activeElement !== knob.field)
		knob.field.value = knob.value;
	if (knob.slider)
		knob.slider.value = to_slider(knob, knob.value);
	knob.row.classList.toggle("changed", knob.value !== knob.applied);
	knob.back.title = `back to ${knob.applied}`;
}

function knob_set(knob, value) {
	if (knob.key !== "hit.when" && !Number.isFinite(value))
		return;
	knob.value = value;
	knob_show(knob);
	changed();
}

function knob_make([key, name, unit, range, log]) {
	const id = `knob_${key.replaceAll(".", "_")}`, knob = {key, log: Boolean(log), value: null, applied: null};
	const label = make("label", {for: id}, name, unit ? make("small", {textContent: ` / ${unit}`}) : "");
	knob.back = make("button", {type: "button", className: "back", textContent: "↺", "aria-label": `${name}: back`, onclick: () => knob_set(knob, knob.applied)});
	knob.field = make("input", {id, type: range ? "number" : "text", step: "any", spellcheck: false, autocomplete: "off"});
	knob.field.oninput = () => knob_set(knob, range ? knob.field.value === "" ? NaN : Number(knob.field.value) : knob.field.value);
	knob.field.onblur = () => knob_show(knob);
	knob.row = make("div", {className: "knob"}, label);
	knob.row.dataset.key = key;
	if (range) {
		[knob.low, knob.high, knob.step] = range;
		knob.shift = knob.low > 0 ? 0 : 1;
		knob.slider = make("input", {type: "range", min: log ? 0 : knob.low, max: log ? STEPS : knob.high, step: log ? 1 : knob.step, "aria-label": name});
		knob.slider.oninput = () => knob_set(knob, from_slider(knob, Number(knob.slider.value)));
		knob.row.append(knob.slider);
	}
	knob.row.append(knob.field, knob.back);
	knobs.set(key, knob);
	return knob.row;
}

/* --- trying --- */

function say_words(words, kind = "") {
	const line = at("tune_say");
	line.className = kind;
	say(line, words);
}

function mark_wrong(message = "") {
	for (const knob of knobs.values())
		knob.row.classList.toggle("wrong", message.includes(option_of(knob.key)) && knob.value !== knob.applied);
}

function buttons() {
	const n = changes().length;
	at("tune_apply").disabled = !n || busy;
	at("tune_reset").disabled = !n || busy;
	say(at("tune_apply"), n ? `Apply ${n} change${n === 1 ? "" : "s"} to the run` : "Apply to the run");
}

function changed() {
	buttons();
	clearTimeout(timer);
	timer = setTimeout(tuning_try, TRY_MS);
}

function number(numbers, [key, , digits]) {
	const v = numbers?.[key];
	if (key === "hit")
		return v === undefined ? "–" : v ? "hit" : "no hit";
	return digits ? known(v) && key === "score" ? short(v) : fixed(v, digits) : whole(v);
}

function table(before, after) {
	at("trial").tBodies[0].replaceChildren(...NUMBERS.map(n => make("tr", {id: `trial_${n[0]}`}, make("th", {textContent: n[1]}),
		make("td", {textContent: number(before, n)}), make("td", {textContent: after ? number(after, n) : "–"}))));
}

/* Finds the spots of the frozen frame again, by the node, with what the knobs say now. */
export async function tuning_try() {
	const set = changes(), held = frame_is();
	if (at("tuning").hidden || held.mode !== "frozen" || held.id === null) {
		return;
	}
	if (!set.length) {
		mark_wrong();
		frame_trial(null);
		table(held.channel?.numbers, null);
		say_words("Move a knob: the frozen frame is tried again at once. The run does not change before you apply.");
		return;
	}
	if (token_wanted()) {
		token_ask(tuning_try);
		return;
	}
	const asked = tried = JSON.stringify([set, held.id]);
	const right = await post("/api/config/validate", {set});
	const answer = right.ok ? await post("/api/trial", {set, frame: held.id, channel: held.channel_number}) : right;
	if (asked !== tried || at("tuning").hidden)
		return;
	mark_wrong(answer.ok ? "" : answer.message);
	if (!answer.ok) {
		say_words(answer.message || "The node refused.", "bad");
		if (answer.status === 401)
			token_ask(tuning_try);
		return;
	}
	table(answer.before, answer.after);
	frame_trial({frame: answer.frame, spots: answer.spots});
	say_words(`Tried on frame ${whole(held.frame?.image)} only: the run goes on as before.`);
}

/* --- applying --- */

async function apply() {
	const set = changes();
	if (!set.length || busy)
		return;
	if (token_wanted()) {
		token_ask(apply);
		return;
	}
	busy = true;
	buttons();
	const answer = await post("/api/config", {set});
	busy = false;
	mark_wrong(answer.ok ? "" : answer.message);
	if (answer.status === 401) {
		token_ask(apply);
	} else if (!answer.ok) {
		say_words(answer.message || "The node refused.", "bad");
	} else {
		await options_read(false);
		say_words(`Applied: settings ${answer.version}. Frames from now on are analysed with them, and say so.`, "good");
	}
	buttons();
}

const token_wanted = () => store.status?.auth?.changes === "token" && !token_known();

function token_ask(then) {
	if (at("token").open)
		return;
	const dialog = at("token"), field = make("input", {type: "password", id: "token_field", autocomplete: "off", size: 36});
	const form = make("form", {method: "dialog"}, make("h2", {textContent: "Token"}), make("p", {textContent: "This node listens beyond its own machine: who changes something needs its token."}),
		make("div", {className: "actions"}, field, make("button", {className: "action strong", textContent: "Go on"})));
	form.onsubmit = () => {
		token_set(field.value.trim());
		if (field.value.trim())
			then();
	};
	dialog.replaceChildren(form);
	dialog.showModal();
	field.focus();
}

/* --- the panel --- */

/* Values from the node; keep: what was moved here stays moved. */
async function options_read(keep) {
	const options = new Map((await ask("/api/options")).map(o => [o.key, o]));
	for (const knob of knobs.values()) {
		const option = options.get(option_of(knob.key));
		show(knob.row, Boolean(option?.changeable));
		if (!option)
			continue;
		const moved = keep && knob.value !== null && knob.value !== knob.applied;
		knob.applied = value_read(knob.key, option.value);
		if (!moved)
			knob.value = knob.applied;
		knob.row.title = `${option.key}: ${option.help}${option.allowed ? ` (${option.allowed})` : ""}; default ${option.standard}`;
		knob_show(knob);
	}
	buttons();
}

export async function tuning_show(open = at("tuning").hidden) {
	show(at("tuning"), open);
	at("tune_button").setAttribute("aria-expanded", open);
	if (!open) {
		frame_trial(null);
		return;
	}
	on_change();
	try {
		await options_read(true);
	} catch (error) {
		say_words(`The node does not tell its options: ${error.message}`, "bad");
		return;
	}
	tuning_try();
}

/* Another frame was frozen, or frames run again. */
export function tuning_frame() {
	if (at("tuning").hidden)
		return;
	const held = frame_is();
	if (held.mode !== "frozen") {
		say_words("Freeze a frame (space) to try on it.");
		table(null, null);
		return;
	}
	tuning_try();
}

/* Applied by another screen: what was not moved here follows. */
export function tuning_version() {
	if (!at("tuning").hidden && !busy)
		options_read(true).catch(() => {});
}

export function tuning_open(freeze) {
	on_change = freeze;
	const close = make("button", {className: "action", textContent: "Close", onclick: () => tuning_show(false)});
	const head = make("tr", {}, make("th", {textContent: "this frame"}), make("th", {}, make("span", {className: "swatch round", style: "color: var(--spot)"}), "before"),
		make("th", {}, make("span", {className: "swatch", style: "color: var(--trial)"}), "tried"));
	const table_element = make("table", {id: "trial"}, make("thead", {}, head), make("tbody"));
	at("tuning").replaceChildren(
		make("header", {}, make("h2", {textContent: "Live tuning"}), close),
		make("div", {id: "knobs"}, ...KNOBS.map(([name, list]) => make("fieldset", {}, make("legend", {textContent: name}), ...list.map(knob_make))),
			make("fieldset", {}, make("legend", {textContent: "On the frozen frame"}), table_element)),
		make("p", {id: "tune_say", role: "status"}),
		make("div", {className: "actions"},
			make("button", {id: "tune_apply", className: "action strong", textContent: "Apply to the run", disabled: true, onclick: apply}),
			make("button", {id: "tune_reset", className: "action", textContent: "Reset", disabled: true, onclick: () => [...knobs.values()].forEach(k => knob_set(k, k.applied))})));
	table(null, null);
}
