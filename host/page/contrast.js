/* contrast.js - how counts become colours on the frame: map, scale and limits, by themselves or by hand. Owns the controls below the frame. */
import {at, canvas_fit, ink, is_dark, make, on_theme, painter, recall, remember} from "./ui.js";
import {NAMES, SCALES, css, limits, ramp, value_at} from "./colours.js";

const state = recall("contrast", {map: "by theme", scale: "sqrt", auto: true, low: 0, high: 20});
let changed = () => {}, last_tile = null;

const map_name = () => state.map !== "by theme" ? state.map : is_dark() ? "inferno" : "ink on paper";

export function contrast() {
	return {map: map_name(), scale: state.scale, low: state.low, high: Math.max(state.high, state.low + 1e-6)};
}

/* New pixels: limits by themselves follow, but calmly: small changes are let pass. True where the limits moved. */
export function contrast_tile(tile) {
	last_tile = tile;
	if (!state.auto)
		return false;
	const best = limits(tile.values, tile.top, state.scale), span = state.high - state.low, new_span = best.high - best.low;
	const near = Math.abs(best.low - state.low) < .15 * span && new_span < 1.35 * span && new_span > .7 * span;
	if (near)
		return false;
	state.low = round(best.low);
	state.high = round(best.high);
	fields();
	return true;
}

const round = n => Number(n.toPrecision(3));

const draw_bar = painter(() => {
	const {context, width, height} = canvas_fit(at("frame_bar")), colours = ramp(map_name());
	for (let x = 0; x < width; x++) {
		context.fillStyle = css(colours[Math.round(x / Math.max(1, width - 1) * 255)]);
		context.fillRect(x, 0, 1.5, height);
	}
	context.strokeStyle = ink("line");
	context.strokeRect(.5, .5, width - 1, height - 1);
	const {low, high, scale} = contrast();
	at("frame_bar").title = `middle: ${round(value_at(scale, low, high, .5))} counts`;
});

function fields() {
	for (const [id, value] of [["frame_low", state.low], ["frame_high", state.high]])
		if (document.activeElement !== at(id))
			at(id).value = value;
	at("frame_map").value = state.map;
	at("frame_scale").value = state.scale;
	at("frame_auto").setAttribute("aria-pressed", state.auto);
	draw_bar();
}

function set(change) {
	Object.assign(state, change);
	if (state.auto && last_tile)
		Object.assign(state, limits(last_tile.values, last_tile.top, state.scale));
	state.low = round(state.low);
	state.high = round(state.high);
	remember("contrast", state);
	fields();
	changed();
}

const after = (list, one) => list[(list.indexOf(one) + 1) % list.length];

export const contrast_next_map = () => set({map: after(["by theme", ...NAMES], state.map)});
export const contrast_next_scale = () => set({scale: after(SCALES, state.scale)});
export const contrast_by = factor => set({auto: false, high: state.low + (state.high - state.low) * factor});
export const contrast_auto = () => set({auto: !state.auto});

export function contrast_open(call) {
	changed = call;
	at("frame_map").append(...["by theme", ...NAMES].map(name => make("option", {value: name, textContent: name})));
	for (const name of ["map", "scale"])
		at(`frame_${name}`).onchange = () => {
			set({[name]: at(`frame_${name}`).value});
			at(`frame_${name}`).blur(); /* the keys are the page's again */
		};
	at("frame_auto").onclick = contrast_auto;
	for (const [id, name] of [["frame_low", "low"], ["frame_high", "high"]])
		at(id).onchange = () => at(id).value !== "" && set({auto: false, [name]: Number(at(id).value)});
	at("frame_bar").addEventListener("wheel", event => {
		event.preventDefault();
		contrast_by(event.deltaY > 0 ? 1.1 : 1 / 1.1);
	}, {passive: false});
	new ResizeObserver(draw_bar).observe(at("frame_bar"));
	on_theme(fields);
	fields();
}
