/* hits.js - the last 50 hits as a strip of bars, as high as they have spots; a click or an arrow key shows one. */
import {at, canvas_fit, clamp, fixed, ink, known, on_theme, painter, say, whole} from "./ui.js";
import {empty} from "./axes.js";
import {store} from "./store.js";
import {frame_is} from "./frame.js";

const SHOWN = 50;
let choose = () => {};

/* Oldest first, as they stand from left to right. */
const hits = () => (store.frames?.hits || []).slice(0, SHOWN).reverse();

export const hits_draw = painter(() => {
	const {context, width, height} = canvas_fit(at("frame_hits")), list = hits(), held = frame_is(), step = width / SHOWN;
	const most = Math.max(1, ...list.map(h => h.n_spots || 0)), start = SHOWN - list.length, chosen = held.mode === "frozen" || held.mode === "hits" ? held.id : null;
	context.clearRect(0, 0, width, height);
	context.fillStyle = ink("grid");
	context.fillRect(0, height - 1, width, 1);
	list.forEach((h, i) => {
		const high = Math.max(2, (h.n_spots || 0) / most * (height - 3)), is = h.id === chosen;
		context.fillStyle = ink(is ? "red" : "blue");
		context.globalAlpha = is ? 1 : .55;
		context.fillRect((start + i) * step + 1, height - 1 - high, Math.max(1, step - 2), high);
		if (is)
			context.fillRect((start + i) * step, 0, step, 2.5);
	});
	context.globalAlpha = 1;
	if (!list.length)
		empty(context, width, height, "The last 50 hits will stand here.");
	const place = list.findIndex(h => h.id === chosen);
	say(at("frame_place"), list.length ? place >= 0 ? `hit ${place + 1} of ${list.length}` : `${list.length} hits` : "no hits");
	const [back, forth] = at("frame_step").querySelectorAll("button");
	back.disabled = !list.length || place === 0;
	forth.disabled = !list.length || place === list.length - 1 || place < 0;
});

/* From the frame that is shown, or the latest hit where that is none. */
export function hits_move(by) {
	const list = hits(), held = frame_is();
	if (!list.length)
		return;
	const place = held.mode === "latest" ? -1 : list.findIndex(h => h.id === held.id);
	const next = place < 0 ? list.length - 1 : clamp(place + by, 0, list.length - 1);
	choose(list[next].id);
}

function under(event) {
	const list = hits(), r = at("frame_hits").getBoundingClientRect();
	return list[Math.floor((event.clientX - r.left) / r.width * SHOWN) - (SHOWN - list.length)];
}

export function hits_open(call) {
	choose = call;
	at("frame_hits").onclick = event => {
		const hit = under(event);
		if (hit)
			choose(hit.id);
	};
	at("frame_hits").onpointermove = event => {
		const hit = under(event);
		at("frame_hits").title = hit ? `frame ${whole(hit.image)}: ${whole(hit.n_spots)} spots${known(hit.d_min) ? `, dₘᵢₙ ${fixed(hit.d_min, 2)} Å` : ""}` : "";
	};
	on_theme(hits_draw);
	new ResizeObserver(hits_draw).observe(at("frame_hits"));
}
