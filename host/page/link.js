/* link.js - the connection to the node: one WebSocket that comes back by itself, tiles as they are on the wire, and what is asked over HTTP. */

const AGAIN_MS = 1000; /* between two tries */
const SILENT_MS = 5000; /* an open connection that says nothing is none */
const FORMS = [Uint8Array, Uint16Array, Uint32Array];

/* A tile (see the schema Tile of /api/openapi.yaml): pixels and where they belong; `top`: the largest value that is a count. */
export function tile_read(buffer) {
	const view = new DataView(buffer), form = FORMS[view.getUint8(6)], head = view.getUint16(4, true);
	if (view.getUint32(0, true) !== 0x31544c53 || !form)
		throw new Error("this is no tile");
	const columns = view.getUint32(28, true), rows = view.getUint32(32, true);
	return {
		id: Number(view.getBigUint64(8, true)), x: view.getUint32(16, true), y: view.getUint32(20, true), bin: view.getUint32(24, true), columns, rows,
		low: view.getUint32(36, true), high: view.getUint32(40, true), largest: view.getUint32(44, true),
		values: new form(buffer, head, columns * rows), top: 2 ** (8 * form.BYTES_PER_ELEMENT) - 2,
	};
}

/* on: {open(), message(object), tile(tile), silent(seconds)}. Returns {send(object)}. */
export function link_open(on) {
	let socket = null, heard_ms = 0, silent_ms = performance.now();

	function connect() {
		const ws = socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/api/live`, "sluice");
		ws.binaryType = "arraybuffer";
		ws.onopen = () => {
			heard_ms = performance.now();
			on.open();
		};
		ws.onmessage = event => {
			heard_ms = performance.now();
			silent_ms = 0;
			if (typeof event.data === "string")
				on.message(JSON.parse(event.data));
			else
				on.tile(tile_read(event.data));
		};
		ws.onclose = () => {
			if (socket === ws)
				lost();
		};
	}

	function lost() {
		socket = null;
		silent_ms ||= performance.now();
		on.silent((performance.now() - silent_ms) / 1000);
		setTimeout(connect, AGAIN_MS);
	}

	function watch() {
		if (socket && socket.readyState === WebSocket.OPEN && performance.now() - heard_ms > SILENT_MS) {
			const dead = socket;
			lost();
			dead.close();
		} else if (silent_ms && performance.now() - silent_ms > AGAIN_MS) {
			on.silent((performance.now() - silent_ms) / 1000);
		}
	}

	connect();
	setInterval(watch, 500);
	return {
		send(message) {
			if (socket && socket.readyState === WebSocket.OPEN)
				socket.send(JSON.stringify(message));
		},
	};
}

/* --- HTTP --- */

export async function ask(path, form = "json") {
	const reply = await fetch(path, {signal: AbortSignal.timeout(10000)});
	if (!reply.ok)
		throw new Error((await reply.text()).trim() || `${reply.status}`);
	return reply[form]();
}

let token = "";

export const token_known = () => token !== "";

export function token_set(text) {
	token = text;
}

/* {ok, status, ...the node's answer}; never throws. */
export async function post(path, body) {
	const headers = {"content-type": "application/json"};
	if (token)
		headers.authorization = `Bearer ${token}`;
	try {
		const reply = await fetch(path, {method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(20000)});
		const text = await reply.text();
		let answer;
		try {
			answer = JSON.parse(text);
		} catch {
			answer = {message: text.trim()};
		}
		return {...answer, ok: reply.ok && answer.ok !== false, status: reply.status};
	} catch (error) {
		return {ok: false, status: 0, message: `the node does not answer (${error.message})`};
	}
}
