// Elements, made from texts alone: no text of a run is ever read as HTML.

/** An element with attributes and children; an attribute that begins with "on" is a listener. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

function paragraphs(sentences, attributes = {}) {
  return sentences.length ? [element("p", attributes, sentences.join(" "))] : [];
}

/** A table of texts; the columns of `texts` (by place) are flush left. */
function plainTable(head, rows, texts = [0], caption = "") {
  const cell = (tag, text, place) =>
    element(tag, { class: texts.includes(place) ? "text" : null, scope: tag === "th" ? "col" : null }, text);
  return element("table", {},
    caption ? element("caption", {}, caption) : null,
    element("thead", {}, element("tr", {}, head.map((text, place) => cell("th", text, place)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((text, place) => cell("td", text, place))))));
}

let namesGiven = 0;
/** A name for an element that another one refers to. */
function newId(stem) {
  namesGiven += 1;
  return `${stem}-${namesGiven}`;
}
