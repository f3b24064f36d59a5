/* main.js - puts the page together: what the node tells goes to the panels, what people do goes to the panels and to the node. */
import {at, is_dark, recall, remember, theme_set} from "./ui.js";
import {link_open, tile_read} from "./link.js";
import {gaps_so_far, node_now_s, store, store_put} from "./store.js";
import {bar_back, bar_open, bar_show, bar_silent} from "./bar.js";
import {trends_open, trends_show, trends_span, trends_span_say, trends_view, trends_x} from "./trends.js";
import {radial_open, radial_show, radial_view, waterfall_show} from "./radial.js";
import {peaks_open, peaks_saturation, peaks_show} from "./peaks.js";
import {grid_open, grid_show, grid_visible} from "./grid.js";
import {machine_open, machine_recent, machine_show} from "./machine.js";
import {contrast_auto, contrast_by, contrast_next_map, contrast_next_scale} from "./contrast.js";
import {frame_again, frame_forget, frame_is, frame_mark, frame_mode, frame_open, frame_shown, frame_tile, frame_zoom} from "./frame.js";
import {hits_draw, hits_move, hits_open} from "./hits.js";
import {ledger_open, ledger_show, ledger_toggle} from "./ledger.js";
import {tuning_frame, tuning_open, tuning_show, tuning_version} from "./tuning.js";
import {keys_open} from "./keys.js";

let start_unix_s = 0, picture_ms = NaN;

/* --- choices: groups of buttons of which one is pressed --- */

function press(group, value) {
	for (const button of at(group).querySelectorAll("button"))
		if (button.value)
			button.setAttribute("aria-pressed", button.value === value);
}

function choice(group, call) {
	at(group).addEventListener("click", event => {
		const button = event.target.closest("button");
		if (button?.value)
			call(button.value);
	});
}

const is_open = () => store.status?.state === "measuring";
let hits_view = "time", radial = "profile";

function view_hits(name) {
	hits_view = name;
	press("hits_view", name);
	trends_view(name);
	at("map_box").hidden = name !== "map";
	grid_visible(name === "map");
	trends_show(store.history, is_open());
}

function view_radial(name) {
	radial = name;
	press("radial_view", name);
	radial_view(name);
}

function mode(name, id = null) {
	press("frame_mode", frame_mode(name, id));
	hits_draw();
	tuning_frame();
}

const freeze = () => mode(frame_is().mode === "frozen" ? "latest" : "frozen");

/* For tuning a frame has to stand still: the latest hit where there is one. */
function freeze_for_tuning() {
	if (frame_is().mode !== "frozen")
		mode("frozen", store.frames?.latest_hit ?? null);
}

/* --- what the node tells --- */

const SHOWS = {
	history: h => (trends_show(h, is_open()), machine_recent(h.recent)), radial: radial_show, waterfall: waterfall_show, peakogram: peaks_show, map: grid_show,
	frames: hits_draw,
};

function told(message) {
	if (message.type === "shown" || message.type === "gone") {
		frame_shown(message);
		return;
	}
	const version = store.status?.settings_version, changed = store_put(message);
	if (message.type === "hello") {
		if (start_unix_s && start_unix_s !== message.start_unix_s) {
			frame_forget();
			press("frame_mode", frame_is().mode);
		}
		start_unix_s = message.start_unix_s;
	}
	for (const name of changed)
		SHOWS[name]?.(store[name]);
	if (changed.has("status")) {
		bar_show(store.status, frame_is().mode === "frozen" ? NaN : picture_ms, gaps_so_far(store.history?.number));
		machine_show(store.status);
		ledger_show(store.status);
		if (version !== undefined && version !== store.status.settings_version)
			tuning_version();
	}
	if (message.status)
		at("bar").dataset.updates = Number(at("bar").dataset.updates || 0) + 1;
}

function tile(tile) {
	const frame = frame_tile(tile, tile_read);
	if (!frame)
		return;
	picture_ms = (node_now_s() - frame.unix_s) * 1000;
	peaks_saturation(frame.channels[0].saturation_value);
	at("frame_box").dataset.tiles = Number(at("frame_box").dataset.tiles || 0) + 1;
	hits_draw();
	tuning_frame();
}

/* --- start --- */

function theme(dark) {
	theme_set(dark);
	remember("dark", dark);
}

function keys() {
	keys_open([
		["l", "l", "latest frame", () => mode("latest")], ["h", "h", "latest hit", () => mode("hits")], [" ", "space", "freeze, and go on", freeze],
		["ArrowLeft", "←", "hit before", () => hits_move(-1)], ["ArrowRight", "→", "hit after", () => hits_move(1)],
		["+", "+", "larger, at the cursor", () => frame_zoom("in")], ["=", "", "", () => frame_zoom("in")], ["-", "−", "smaller", () => frame_zoom("out")],
		["0", "0", "whole frame", () => frame_zoom("fit")], ["1", "1", "one pixel, one dot", () => frame_zoom("one")],
		["s", "s", "spots", () => frame_mark("spots")], ["r", "r", "resolution rings", () => frame_mark("rings")], ["b", "b", "beam centre", () => frame_mark("beam")],
		["m", "m", "mask", () => frame_mark("mask")], ["c", "c", "next colour map", contrast_next_map], ["g", "g", "linear, root, log", contrast_next_scale],
		["a", "a", "contrast by itself", contrast_auto],
		["[", "[  ]", "more, less contrast", () => contrast_by(.8)], ["]", "", "", () => contrast_by(1.25)], ["x", "x", "against time or frame number", () => view_hits(hits_view === "time" ? "frame" : "time")],
		["y", "y", "map of a grid scan", () => view_hits(hits_view === "map" ? trends_x() : "map")], ["z", "z", "how much time", span],
		["w", "w", "profile, logarithm, waterfall", () => view_radial({profile: "log", log: "waterfall", waterfall: "profile"}[radial])], ["e", "e", "every term of the ledger", ledger_toggle],
		["t", "t", "live tuning", () => tuning_show()],
		["d", "d", "light or dark", () => theme(!is_dark())], ["?", "?", "this page", () => at("help").open ? at("help").close() : at("help").showModal()],
		["Escape", "Esc", "close what is open", () => document.querySelector("dialog[open]") || tuning_show(false)],
	]);
}

function span() {
	trends_span();
	trends_show(store.history, is_open());
}

function hands() {
	choice("hits_view", view_hits);
	choice("radial_view", view_radial);
	choice("frame_mode", name => mode(name));
	choice("frame_marks", frame_mark);
	choice("frame_zoom", frame_zoom);
	choice("frame_step", step => hits_move(Number(step)));
	at("hits_span").onclick = span;
	at("tune_button").onclick = () => tuning_show();
	at("theme_button").onclick = () => theme(!is_dark());
	at("help_button").onclick = () => at("help").showModal();
}

function start() {
	theme_set(recall("dark", matchMedia("(prefers-color-scheme: dark)").matches));
	bar_open();
	ledger_open();
	trends_open();
	trends_span_say();
	radial_open();
	peaks_open();
	grid_open(id => mode("frozen", id));
	machine_open();
	hits_open(id => mode("frozen", id));
	tuning_open(freeze_for_tuning);
	hands();
	keys();
	let link = null;
	frame_open(message => link?.send(message));
	view_hits(trends_x());
	view_radial("profile");
	press("frame_mode", "latest");
	link = link_open({
		open() {
			bar_back();
			frame_again();
		},
		message: told, tile, silent: bar_silent,
	});
}

start();
