/* store.js - what the node has told so far: its messages put together into whole columns. Draws nothing, asks nobody. */

export const store = {status: null, history: null, radial: null, waterfall: null, peakogram: null, map: null, frames: null, skew_s: 0};

/* The new values of columns that are numbered from the start of the run take their places; everything before may begin anew. */
function columns_put(to, from, columns) {
	for (const [name, values] of Object.entries(columns))
		if (Array.isArray(values)) {
			const column = to[name] ||= [];
			for (let i = 0; i < values.length; i++)
				column[from + i] = values[i];
		}
}

function bins_put(old, fresh) {
	if (!fresh)
		return old;
	const to = old && fresh.from > 0 && old.width === fresh.width ? old : {width: fresh.width};
	columns_put(to, fresh.from || 0, fresh);
	return to;
}

const RECENT_MAX = 900;

/* The last 15 minutes: seconds before those are forgotten. */
function recent_put(old, fresh) {
	if (!fresh)
		return old;
	if (!old || fresh.from < old.from || fresh.start_unix_s !== old.start_unix_s)
		return {...fresh};
	columns_put(old, fresh.from - old.from, fresh);
	const over = old.frames_per_s.length - RECENT_MAX;
	if (over > 0) {
		for (const column of Object.values(old).filter(Array.isArray))
			column.splice(0, over);
		old.from += over;
	}
	return old;
}

function history_put(fresh) {
	const old = store.history, same = old && (fresh.run === undefined || fresh.run === old.run);
	store.history = {
		run: fresh.run ?? old?.run, origin_unix_s: fresh.origin_unix_s ?? old?.origin_unix_s, time: bins_put(same ? old.time : null, fresh.time),
		number: bins_put(same ? old.number : null, fresh.number), recent: recent_put(old?.recent, fresh.recent),
	};
}

function radial_put(fresh) {
	store.radial = fresh.axis || !store.radial || store.radial.run !== fresh.run ? {axis: [], ...fresh} : {...store.radial, ...fresh};
}

const ROWS_MAX = 1200;

function waterfall_put(fresh) {
	let w = store.waterfall;
	if (!w || fresh.axis || fresh.run !== w.run)
		w = store.waterfall = {axis: [], ...fresh, rows: [], seconds: [], first: fresh.from || 0};
	fresh.rows.forEach((row, i) => {
		const place = fresh.from + i - w.first;
		if (place >= 0) {
			w.rows[place] = row;
			w.seconds[place] = fresh.seconds[i];
		}
	});
	const over = w.rows.length - ROWS_MAX;
	if (over > 0) {
		w.rows.splice(0, over);
		w.seconds.splice(0, over);
		w.first += over;
	}
}

/* A ledger in short form, {term: [total, run]}, into the long one that came first. */
function ledger_put(fresh) {
	if (Array.isArray(fresh))
		return fresh;
	const known = new Map((store.status?.ledger || []).map(t => [t.term, t]));
	return Object.entries(fresh).map(([term, [total, run]]) => ({words: "", of: null, loss: false, ...known.get(term), term, total, run}));
}

const SKEW_SAMPLES = [];

/* How far this screen's clock is ahead of the node's; the quickest of the last messages tells it best. */
function skew_put(status) {
	SKEW_SAMPLES.push(Date.now() / 1000 - status.unix_s);
	if (SKEW_SAMPLES.length > 100)
		SKEW_SAMPLES.shift();
	store.skew_s = Math.min(...SKEW_SAMPLES);
}

/* What a Hello or an Update holds; returns the set of what changed. */
export function store_put(message) {
	if (message.type === "hello") {
		Object.assign(store, {status: null, history: null, radial: null, waterfall: null, peakogram: null, map: null, frames: null});
		SKEW_SAMPLES.length = 0;
	}
	const changed = new Set();
	const put = {
		status: s => {
			store.status = {...s, ledger: ledger_put(s.ledger)};
			skew_put(s);
		},
		history: history_put, radial: radial_put, waterfall: waterfall_put, peakogram: p => store.peakogram = p, map: m => store.map = m,
		frames: f => store.frames = f,
	};
	for (const [name, call] of Object.entries(put))
		if (message[name]) {
			call(message[name]);
			changed.add(name);
		}
	return changed;
}

/* The node's clock now. */
export const node_now_s = () => Date.now() / 1000 - store.skew_s;

/* Frame numbers that did not come, as far as can be told while the run goes on: holes in the bins of frame numbers, without the last few bins, whose frames
 * may still be on their way, and without what was sent before the node joined. The ledger has the true number when the run ends. */
export function gaps_so_far(bins) {
	if (!bins || !bins.frames)
		return 0;
	const ON_THEIR_WAY = 2, first = bins.frames.findIndex(n => n > 0);
	let gaps = 0;
	for (let i = first + 1; first >= 0 && i < bins.frames.length - ON_THEIR_WAY; i++)
		gaps += Math.max(0, bins.width - (bins.frames[i] || 0));
	return gaps;
}
