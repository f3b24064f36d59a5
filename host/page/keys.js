/* keys.js - keyboard shortcuts and the page that tells them. */
import {at, make} from "./ui.js";

const LINKS = [["/api/status", "status"], ["/metrics", "metrics"], ["/api/config", "configuration"], ["/api/openapi.yaml", "what else there is"]];

/* list: [[key as the browser names it, key as people know it, what it does, call]]. Not while somebody types. */
export function keys_open(list) {
	const calls = new Map(list.map(([key, , , call]) => [key, call]));
	document.addEventListener("keydown", event => {
		const typing = event.target.closest("input, select, textarea");
		if (event.ctrlKey || event.metaKey || event.altKey || (typing && event.key !== "Escape"))
			return;
		if (event.key === " " && event.target.closest("button"))
			return;
		const call = calls.get(event.key);
		if (call) {
			if (event.key !== "Escape") /* which closes windows by itself */
				event.preventDefault();
			call();
		}
	});
	at("help").replaceChildren(make("h2", {textContent: "Keyboard"}),
		make("dl", {}, ...list.filter(([, name]) => name).flatMap(([, name, words]) => [make("dt", {}, make("kbd", {textContent: name})), make("dd", {textContent: words})])),
		make("p", {}, "This node as data: ", ...LINKS.flatMap(([path, words]) => [make("a", {href: path, textContent: words}), "  "])));
	at("help").onclick = () => at("help").close();
}
